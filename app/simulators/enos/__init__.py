"""EnOS's side, to the letter: a hub that judges messages, and a front that holds its clients to the rules."""
