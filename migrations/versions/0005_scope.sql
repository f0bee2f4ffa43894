-- Where a child may be found and opened, and whom a seal hides.

ALTER TABLE staff ADD COLUMN rights TEXT[] DEFAULT '{}' NOT NULL;
COMMENT ON COLUMN staff.rights IS 'field groups that are shown to accounts with a right of their own only';

CREATE TABLE child_seal (
    child_id UUID NOT NULL,
    keepers UUID[] NOT NULL,
    placed_at TIMESTAMP WITH TIME ZONE NOT NULL,
    placed_by UUID,
    lifted_at TIMESTAMP WITH TIME ZONE,
    lifted_by UUID,
    CONSTRAINT pk_child_seal PRIMARY KEY (child_id),
    CONSTRAINT ck_child_seal_has_keepers CHECK (cardinality(keepers) > 0),
    CONSTRAINT ck_child_seal_lifted_by_somebody CHECK (lifted_by IS NULL OR lifted_at IS NOT NULL),
    CONSTRAINT fk_child_seal_child_id FOREIGN KEY(child_id) REFERENCES child (child_id)
);
COMMENT ON COLUMN child_seal.keepers IS 'accounts that may know of the child';
COMMENT ON COLUMN child_seal.placed_by IS 'null: it joined a child who was sealed';

ALTER TABLE child_seal ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY;
-- ids only: the policies of the tables below ask it which children are hidden from whoever looks
CREATE POLICY standing_with_a_purpose ON child_seal
    TO child_registry_commune_worker, child_registry_province_worker, child_registry_reviewer
    USING ((SELECT registry_purpose()) IS NOT NULL AND lifted_at IS NULL);
CREATE POLICY engine_by_purpose ON child_seal TO child_registry_engine USING ((SELECT registry_purpose()) IS NOT NULL);
GRANT SELECT (child_id, keepers) ON child_seal
    TO child_registry_commune_worker, child_registry_province_worker, child_registry_reviewer;
GRANT SELECT, INSERT, UPDATE, DELETE ON child_seal TO child_registry_engine;
GRANT SELECT (staff_id, login, role, nation, provinces, communes, disabled_at) ON staff TO child_registry_engine;

-- the area is that of the grant that the transaction holds; a seal hides a child inside it, and an opened one too
DROP POLICY people_by_area ON child;
CREATE POLICY people_by_area ON child
    TO child_registry_commune_worker, child_registry_province_worker, child_registry_reviewer
    USING ((SELECT registry_purpose()) IS NOT NULL
        AND ((SELECT current_setting('app.nation', true)) = 'on'
            OR communes && (SELECT string_to_array(current_setting('app.communes', true), ','))
            OR province_code = ANY ((SELECT string_to_array(current_setting('app.provinces', true), ','))::text[])
            OR child_id = ANY ((SELECT string_to_array(current_setting('app.opened', true), ','))::uuid[]))
        AND NOT EXISTS (SELECT FROM child_seal s WHERE s.child_id = child.child_id
            AND NOT s.keepers @> ARRAY[(SELECT nullif(current_setting('app.staff', true), '')::uuid)]));
DROP POLICY people_by_search ON child_search;
CREATE POLICY people_by_search ON child_search
    TO child_registry_commune_worker, child_registry_province_worker, child_registry_reviewer
    USING ((SELECT registry_purpose()) IS NOT NULL
        AND (tokens && (SELECT nullif(current_setting('app.tokens', true), '')::int4[])
            OR communes && (SELECT nullif(current_setting('app.looked_in', true), '')::text[]))
        AND ((SELECT current_setting('app.nation', true)) = 'on'
            OR communes && (SELECT string_to_array(current_setting('app.communes', true), ','))
            OR province_code = ANY ((SELECT string_to_array(current_setting('app.provinces', true), ','))::text[]))
        AND NOT EXISTS (SELECT FROM child_seal s WHERE s.child_id = child_search.child_id
            AND NOT s.keepers @> ARRAY[(SELECT nullif(current_setting('app.staff', true), '')::uuid)]));
