"""The screens, each under the name a clerk would give it."""
