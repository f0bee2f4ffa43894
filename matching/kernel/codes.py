"""The codes of the levels as plain numbers, which is what compiled code can use; the levels stand in `levels`."""

from __future__ import annotations

from typing import Final

from matching.levels import LEVELS, Field, code_of

NUMBER: Final = int(Field.NUMBER)
GIVEN: Final = int(Field.GIVEN)
MIDDLE: Final = int(Field.MIDDLE)
SURNAME: Final = int(Field.SURNAME)
ORDER: Final = int(Field.ORDER)
BIRTH: Final = int(Field.BIRTH)
SEX: Final = int(Field.SEX)
COMMUNE: Final = int(Field.COMMUNE)
ETHNICITY: Final = int(Field.ETHNICITY)
MOTHER: Final = int(Field.MOTHER)
FATHER: Final = int(Field.FATHER)
MOTHER_NUMBER: Final = int(Field.MOTHER_NUMBER)
FATHER_NUMBER: Final = int(Field.FATHER_NUMBER)
MOTHER_YEAR: Final = int(Field.MOTHER_YEAR)
FATHER_YEAR: Final = int(Field.FATHER_YEAR)
FIELDS: Final = len(Field)

MISSING: Final = 0

# Fields whose u is multiplied by how common the person's value is; the others' levels are weighed together.
COUNTED: Final = (GIVEN, MIDDLE, SURNAME, BIRTH, COMMUNE, ETHNICITY, MOTHER, FATHER)
FEW: Final = (NUMBER, ORDER, SEX)
OF_PARENTS: Final = (MOTHER_NUMBER, FATHER_NUMBER, MOTHER_YEAR, FATHER_YEAR)

# Codes of a field, MISSING among them.
ORDERS: Final = len(LEVELS[Field.ORDER]) + 1
SEXES: Final = len(LEVELS[Field.SEX]) + 1
PARENT_NUMBERS: Final = len(LEVELS[Field.MOTHER_NUMBER]) + 1
PARENT_YEARS: Final = len(LEVELS[Field.MOTHER_YEAR]) + 1

NUMBER_SAME: Final = code_of(Field.NUMBER, "same")
NUMBER_FORMER: Final = code_of(Field.NUMBER, "former")
NUMBER_TRANSPOSED: Final = code_of(Field.NUMBER, "transposed")
NUMBER_ONE_DIGIT: Final = code_of(Field.NUMBER, "one_digit")
NUMBER_DIFFERENT: Final = code_of(Field.NUMBER, "different")
NUMBER_OF_PARENT: Final = code_of(Field.NUMBER, "of_parent")

GIVEN_SAME: Final = code_of(Field.GIVEN, "same")
GIVEN_OTHER_MARKS: Final = code_of(Field.GIVEN, "other_marks")
GIVEN_SPELLING: Final = code_of(Field.GIVEN, "spelling")
GIVEN_TYPO: Final = code_of(Field.GIVEN, "typo")
GIVEN_NEAR: Final = code_of(Field.GIVEN, "near")
GIVEN_DIFFERENT: Final = code_of(Field.GIVEN, "different")
GIVEN_PLAIN_SAME: Final = code_of(Field.GIVEN, "plain_same")
GIVEN_PLAIN_SPELLING: Final = code_of(Field.GIVEN, "plain_spelling")
GIVEN_PLAIN_TYPO: Final = code_of(Field.GIVEN, "plain_typo")
GIVEN_PLAIN_NEAR: Final = code_of(Field.GIVEN, "plain_near")
GIVEN_PLAIN_DIFFERENT: Final = code_of(Field.GIVEN, "plain_different")
GIVEN_CALL_SAME: Final = code_of(Field.GIVEN, "call_same")
GIVEN_CALL_OTHER: Final = code_of(Field.GIVEN, "call_other")

MIDDLE_SAME: Final = code_of(Field.MIDDLE, "same")
MIDDLE_PART: Final = code_of(Field.MIDDLE, "part")
MIDDLE_TYPO: Final = code_of(Field.MIDDLE, "typo")
MIDDLE_OVERLAP: Final = code_of(Field.MIDDLE, "overlap")
MIDDLE_DIFFERENT: Final = code_of(Field.MIDDLE, "different")
MIDDLE_DROPPED: Final = code_of(Field.MIDDLE, "dropped")
MIDDLE_NONE_BOTH: Final = code_of(Field.MIDDLE, "none_both")
MIDDLE_OMITTED: Final = code_of(Field.MIDDLE, "omitted")

SURNAME_SAME: Final = code_of(Field.SURNAME, "same")
SURNAME_TYPO: Final = code_of(Field.SURNAME, "typo")
SURNAME_DIFFERENT: Final = code_of(Field.SURNAME, "different")

ORDER_AS_WRITTEN: Final = code_of(Field.ORDER, "as_written")
ORDER_SWAPPED: Final = code_of(Field.ORDER, "swapped")

BIRTH_EXACT: Final = code_of(Field.BIRTH, "exact")
BIRTH_SWAPPED: Final = code_of(Field.BIRTH, "swapped")
BIRTH_YEAR_SHIFT: Final = code_of(Field.BIRTH, "year_shift")
BIRTH_YEAR_DIGIT: Final = code_of(Field.BIRTH, "year_digit")
BIRTH_ONE_PART: Final = code_of(Field.BIRTH, "one_part")
BIRTH_SAME_YEAR: Final = code_of(Field.BIRTH, "same_year")
BIRTH_NEAR_YEAR: Final = code_of(Field.BIRTH, "near_year")
BIRTH_DIFFERENT: Final = code_of(Field.BIRTH, "different")
BIRTH_JAN1_EXACT: Final = code_of(Field.BIRTH, "jan1_exact")
BIRTH_JAN1_SAME_YEAR: Final = code_of(Field.BIRTH, "jan1_same_year")
BIRTH_JAN1_NEAR_YEAR: Final = code_of(Field.BIRTH, "jan1_near_year")
BIRTH_JAN1_DIFFERENT: Final = code_of(Field.BIRTH, "jan1_different")
BIRTH_YEAR_SAME: Final = code_of(Field.BIRTH, "year_same")
BIRTH_YEAR_NEAR: Final = code_of(Field.BIRTH, "year_near")
BIRTH_YEAR_DIFFERENT: Final = code_of(Field.BIRTH, "year_different")
BIRTH_ESTIMATE_SAME: Final = code_of(Field.BIRTH, "estimate_same")
BIRTH_ESTIMATE_NEAR: Final = code_of(Field.BIRTH, "estimate_near")
BIRTH_ESTIMATE_FAR: Final = code_of(Field.BIRTH, "estimate_far")
BIRTH_ESTIMATE_DIFFERENT: Final = code_of(Field.BIRTH, "estimate_different")

SEX_SAME: Final = code_of(Field.SEX, "same")
SEX_DIFFERENT: Final = code_of(Field.SEX, "different")

COMMUNE_SAME: Final = code_of(Field.COMMUNE, "same")
COMMUNE_SAME_PROVINCE: Final = code_of(Field.COMMUNE, "same_province")
COMMUNE_ELSEWHERE: Final = code_of(Field.COMMUNE, "elsewhere")
COMMUNE_SPLIT_OVERLAP: Final = code_of(Field.COMMUNE, "split_overlap")
COMMUNE_SPLIT_SAME_PROVINCE: Final = code_of(Field.COMMUNE, "split_same_province")
COMMUNE_SPLIT_ELSEWHERE: Final = code_of(Field.COMMUNE, "split_elsewhere")

ETHNICITY_SAME: Final = code_of(Field.ETHNICITY, "same")
ETHNICITY_DIFFERENT: Final = code_of(Field.ETHNICITY, "different")

# Of a mother and of a father alike; `test_kernel` sees to it that the two have the same levels in the same order.
PARENT_SAME: Final = code_of(Field.MOTHER, "same")
PARENT_OTHER_MARKS: Final = code_of(Field.MOTHER, "other_marks")
PARENT_TYPO: Final = code_of(Field.MOTHER, "typo")
PARENT_PART: Final = code_of(Field.MOTHER, "part")
PARENT_GIVEN_SAME: Final = code_of(Field.MOTHER, "given_same")
PARENT_SWAPPED: Final = code_of(Field.MOTHER, "swapped")
PARENT_DIFFERENT: Final = code_of(Field.MOTHER, "different")
PARENT_PLAIN_SAME: Final = code_of(Field.MOTHER, "plain_same")
PARENT_PLAIN_TYPO: Final = code_of(Field.MOTHER, "plain_typo")
PARENT_PLAIN_PART: Final = code_of(Field.MOTHER, "plain_part")
PARENT_PLAIN_GIVEN_SAME: Final = code_of(Field.MOTHER, "plain_given_same")
PARENT_PLAIN_DIFFERENT: Final = code_of(Field.MOTHER, "plain_different")
PARENT_SHORT_SAME: Final = code_of(Field.MOTHER, "short_same")
PARENT_SHORT_DIFFERENT: Final = code_of(Field.MOTHER, "short_different")
PARENT_NUMBER_SAME: Final = code_of(Field.MOTHER_NUMBER, "same")
PARENT_NUMBER_NEAR: Final = code_of(Field.MOTHER_NUMBER, "near")
PARENT_NUMBER_DIFFERENT: Final = code_of(Field.MOTHER_NUMBER, "different")
PARENT_YEAR_SAME: Final = code_of(Field.MOTHER_YEAR, "same")
PARENT_YEAR_NEAR: Final = code_of(Field.MOTHER_YEAR, "near")
PARENT_YEAR_DIFFERENT: Final = code_of(Field.MOTHER_YEAR, "different")
