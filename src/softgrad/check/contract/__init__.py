"""What any derivative owes its caller beyond the right value at one point."""
