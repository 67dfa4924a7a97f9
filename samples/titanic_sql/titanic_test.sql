-- Passengers with what their tickets say; a window counts who traveled on the same ticket.
WITH travelers AS (
  SELECT
    p.*,
    count(*) OVER (PARTITION BY p.ticket) AS travelers_on_ticket
  FROM passengers p
)
SELECT
  p.pclass,
  p.sex,
  p.age,
  p.sibsp + p.parch AS relatives,
  p.travelers_on_ticket,
  t.fare / p.travelers_on_ticket AS fare_each,
  substr(t.cabin, 1, 1) AS deck,
  t.embarked,
  regexp_extract(p.name, ', ([^.]+)\.', 1) AS title
FROM travelers p
JOIN tickets t ON t.ticket = p.ticket
WHERE p.survived IS NULL
