"""What the pages share: the live chart and its routes, words, state and figures."""
