"""What a database's own catalogue says of it, without numbers that differ from one database to the next."""

from __future__ import annotations

import psycopg
from sqlalchemy import make_url

SHAPE = """
    select 'column', c.relname::text, a.attname::text,
           concat_ws(' ', format_type(a.atttypid, a.atttypmod), a.attnotnull, a.attidentity,
                     pg_get_expr(d.adbin, d.adrelid), col_description(c.oid, a.attnum))
    from pg_class c join pg_attribute a on a.attrelid = c.oid and a.attnum > 0
    left join pg_attrdef d on d.adrelid = c.oid and d.adnum = a.attnum
    where c.relnamespace = 'public'::regnamespace and c.relkind in ('r', 'p', 'v', 'm')
    union all select 'index', i.indrelid::regclass::text, i.indexrelid::regclass::text, pg_get_indexdef(i.indexrelid)
    from pg_index i join pg_class c on c.oid = i.indrelid where c.relnamespace = 'public'::regnamespace
    union all select 'constraint', n.conrelid::regclass::text, n.conname::text, pg_get_constraintdef(n.oid)
    from pg_constraint n where n.connamespace = 'public'::regnamespace
    union all select 'policy', p.tablename::text, p.policyname::text,
           concat_ws(' ', p.cmd, array(select unnest(p.roles)::text order by 1), p.qual, p.with_check)
    from pg_policies p where p.schemaname = 'public'
    union all select 'security', c.relname::text, '', concat(c.relrowsecurity, ' ', c.relforcerowsecurity)
    from pg_class c where c.relnamespace = 'public'::regnamespace and c.relkind in ('r', 'p')
    union all select 'grant', c.relname::text, x.grantee::regrole::text,
           string_agg(x.privilege_type, ',' order by x.privilege_type)
    from pg_class c, aclexplode(c.relacl) x
    where c.relnamespace = 'public'::regnamespace and c.relkind in ('r', 'p') group by 2, 3
    union all select 'owner', c.relname::text, '', pg_get_userbyid(c.relowner)::text
    from pg_class c where c.relnamespace = 'public'::regnamespace and c.relkind in ('r', 'p', 'S')
    union all select 'function', p.oid::regprocedure::text, pg_get_userbyid(p.proowner)::text, md5(p.prosrc)
    from pg_proc p where p.pronamespace = 'public'::regnamespace
      and not exists (select from pg_depend d where d.objid = p.oid and d.deptype = 'e')
    order by 1, 2, 3, 4
"""


def connect(url: str) -> psycopg.Connection[tuple[object, ...]]:
    """Connect to a SQLAlchemy address, without a transaction."""
    address = make_url(url).set(drivername="postgresql")
    return psycopg.connect(address.render_as_string(hide_password=False), autocommit=True)


def shape(url: str) -> list[tuple[object, ...]]:
    """Return columns, indexes, constraints, policies, grants, owners and functions of a database."""
    with connect(url) as connection:
        return connection.execute(SHAPE.encode()).fetchall()


def touched(url: str) -> list[tuple[object, ...]]:
    """Return every relation with the transaction that wrote its catalogue row last."""
    with connect(url) as connection:
        return connection.execute(
            "select relname::text, oid, xmin::text, relfilenode from pg_class"
            " where relnamespace = 'public'::regnamespace order by 1"
        ).fetchall()
