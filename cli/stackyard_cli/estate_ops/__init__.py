"""Operations on the files of an estate: no engine, no cloud."""
