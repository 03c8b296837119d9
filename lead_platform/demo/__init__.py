"""The generated world: companies, people, submissions, behaviour, deals, and the truth about them.

Everything here is invented from the word lists in ``data/``; the layers never import it.
"""
