"""EnOS's front door: a TCP server before an ordinary broker that lets through only what EnOS would."""
