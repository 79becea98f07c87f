"""Boards: what each is (`board`), building firmware for it (`build`), programming it (`flashers`), emulating it."""
