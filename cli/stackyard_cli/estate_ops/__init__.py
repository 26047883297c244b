"""Operations on the files of an estate: without engine and cloud."""
