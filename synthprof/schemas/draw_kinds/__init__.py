"""The draws that are models of their own: each says in one class what a person writes and what is drawn.

`every` has all of them; a process that draws by none of them does not load it.
"""
