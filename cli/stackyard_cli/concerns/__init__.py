"""The live checks of `stackyard status STACK`: one for each concern, with its evidence."""
