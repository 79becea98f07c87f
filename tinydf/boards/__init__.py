# SPDX-License-Identifier: Apache-2.0
"""Boards: what each is (`board`), building firmware for it (`build`), programming it (`flashers`), emulating it."""
