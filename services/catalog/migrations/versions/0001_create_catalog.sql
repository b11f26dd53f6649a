-- Everything catalog keeps, as of its first version.

CREATE TABLE categories (
    id UUID NOT NULL,
    parent_id UUID,
    names JSONB DEFAULT '{}' NOT NULL,
    path TEXT NOT NULL,
    lineage UUID[] NOT NULL,
    create_time TIMESTAMP WITH TIME ZONE DEFAULT now() NOT NULL,
    CONSTRAINT pk_categories PRIMARY KEY (id),
    CONSTRAINT fk_categories_parent_id FOREIGN KEY(parent_id) REFERENCES categories (id),
    CONSTRAINT uq_categories_path UNIQUE (path)
);

CREATE TABLE facet_values (
    id INTEGER GENERATED ALWAYS AS IDENTITY,
    name_key TEXT NOT NULL,
    value_key TEXT NOT NULL,
    name TEXT NOT NULL,
    value TEXT NOT NULL,
    CONSTRAINT pk_facet_values PRIMARY KEY (id),
    CONSTRAINT uq_facet_values_name_key_value_key UNIQUE (name_key, value_key)
);

CREATE TABLE import_seen (
    import_id UUID NOT NULL,
    key TEXT NOT NULL,
    CONSTRAINT pk_import_seen PRIMARY KEY (import_id, key)
);

CREATE TABLE imports (
    id UUID NOT NULL,
    kind TEXT NOT NULL,
    format TEXT NOT NULL,
    file_name TEXT DEFAULT '' NOT NULL,
    state TEXT NOT NULL,
    encoding TEXT DEFAULT 'utf-8' NOT NULL,
    total_bytes BIGINT DEFAULT 0 NOT NULL,
    processed_bytes BIGINT DEFAULT 0 NOT NULL,
    record_number BIGINT DEFAULT 0 NOT NULL,
    accepted_count BIGINT DEFAULT 0 NOT NULL,
    changed_count BIGINT DEFAULT 0 NOT NULL,
    unchanged_count BIGINT DEFAULT 0 NOT NULL,
    refused_count BIGINT DEFAULT 0 NOT NULL,
    error TEXT DEFAULT '' NOT NULL,
    cancel_requested BOOLEAN DEFAULT false NOT NULL,
    caller TEXT DEFAULT '' NOT NULL,
    request_id UUID,
    sha256 BYTEA,
    attribution BYTEA NOT NULL,
    create_time TIMESTAMP WITH TIME ZONE DEFAULT now() NOT NULL,
    finish_time TIMESTAMP WITH TIME ZONE,
    CONSTRAINT pk_imports PRIMARY KEY (id),
    CONSTRAINT ck_imports_kind CHECK (kind IN ('PRODUCTS', 'PRICES', 'STOCK')),
    CONSTRAINT ck_imports_state CHECK (state IN ('UPLOADING', 'PENDING', 'RUNNING', 'SUCCEEDED', 'FAILED', 'CANCELLED'))
);
CREATE INDEX ix_imports_waiting ON imports (id) WHERE state IN ('PENDING', 'RUNNING');
CREATE UNIQUE INDEX uq_imports_request_id ON imports (caller, request_id) WHERE state <> 'UPLOADING' AND request_id IS NOT NULL;

CREATE TABLE price_list_orders (
    kind TEXT NOT NULL,
    subject TEXT NOT NULL,
    list_ids UUID[] NOT NULL,
    update_time TIMESTAMP WITH TIME ZONE DEFAULT now() NOT NULL,
    CONSTRAINT pk_price_list_orders PRIMARY KEY (kind, subject),
    CONSTRAINT ck_price_list_orders_kind CHECK (kind IN ('ACCOUNT', 'GROUP'))
);

CREATE TABLE price_lists (
    id UUID NOT NULL,
    no INTEGER GENERATED ALWAYS AS IDENTITY,
    code TEXT NOT NULL,
    display_name TEXT NOT NULL,
    currency_code CHAR(3) NOT NULL,
    tax_inclusive BOOLEAN NOT NULL,
    default_use TEXT DEFAULT 'NONE' NOT NULL,
    version BIGINT DEFAULT 1 NOT NULL,
    create_time TIMESTAMP WITH TIME ZONE DEFAULT now() NOT NULL,
    CONSTRAINT pk_price_lists PRIMARY KEY (id),
    CONSTRAINT ck_price_lists_default_use CHECK (default_use IN ('NONE', 'BUSINESS', 'CONSUMER')),
    CONSTRAINT ck_price_lists_no_fits_price_key CHECK (no < 4194304),
    CONSTRAINT uq_price_lists_no UNIQUE (no),
    CONSTRAINT uq_price_lists_code UNIQUE (code)
);

CREATE TABLE products (
    id UUID NOT NULL,
    product_ref TEXT,
    names JSONB DEFAULT '{}' NOT NULL,
    descriptions JSONB DEFAULT '{}' NOT NULL,
    brand TEXT DEFAULT '' NOT NULL,
    authors TEXT[] DEFAULT '{}' NOT NULL,
    category_ids UUID[] DEFAULT '{}' NOT NULL,
    characteristics JSONB DEFAULT '[]' NOT NULL,
    picture_urls TEXT[] DEFAULT '{}' NOT NULL,
    vat_class TEXT DEFAULT 'STANDARD' NOT NULL,
    publication_date TEXT DEFAULT '' NOT NULL,
    product_form TEXT DEFAULT '' NOT NULL,
    text_language_code TEXT DEFAULT '' NOT NULL,
    discontinued BOOLEAN DEFAULT false NOT NULL,
    version BIGINT DEFAULT 1 NOT NULL,
    create_time TIMESTAMP WITH TIME ZONE DEFAULT now() NOT NULL,
    update_time TIMESTAMP WITH TIME ZONE DEFAULT now() NOT NULL,
    CONSTRAINT pk_products PRIMARY KEY (id),
    CONSTRAINT ck_products_vat_class CHECK (vat_class IN ('STANDARD', 'REDUCED', 'BOOK', 'ZERO')),
    CONSTRAINT uq_products_product_ref UNIQUE (product_ref)
);

CREATE TABLE reference_version (
    singleton BOOLEAN DEFAULT true NOT NULL,
    version UUID NOT NULL,
    CONSTRAINT pk_reference_version PRIMARY KEY (singleton),
    CONSTRAINT ck_reference_version_one_row CHECK (singleton)
);

CREATE TABLE search_prices (
    list_no INTEGER NOT NULL,
    product_id UUID NOT NULL,
    amount NUMERIC(14, 4) NOT NULL,
    CONSTRAINT pk_search_prices PRIMARY KEY (list_no, product_id)
);
CREATE INDEX ix_search_prices_amount ON search_prices (list_no, amount, product_id);

CREATE TABLE search_stale (
    position BIGINT GENERATED ALWAYS AS IDENTITY,
    variant_id UUID NOT NULL,
    CONSTRAINT pk_search_stale PRIMARY KEY (position)
);

CREATE TABLE stock_holds (
    order_id UUID NOT NULL,
    attempt_id UUID NOT NULL,
    state TEXT NOT NULL,
    released_attempt_id UUID,
    content_hash BYTEA,
    answer BYTEA,
    expire_time TIMESTAMP WITH TIME ZONE DEFAULT now() NOT NULL,
    create_time TIMESTAMP WITH TIME ZONE DEFAULT now() NOT NULL,
    update_time TIMESTAMP WITH TIME ZONE DEFAULT now() NOT NULL,
    CONSTRAINT pk_stock_holds PRIMARY KEY (order_id),
    CONSTRAINT ck_stock_holds_state CHECK (state IN ('HELD', 'FIRM', 'SHIPPED', 'RELEASED', 'REFUSED'))
);
CREATE INDEX ix_stock_holds_expire_time ON stock_holds (expire_time) WHERE state = 'HELD';

CREATE TABLE stock_reservations (
    order_id UUID NOT NULL,
    line_id TEXT NOT NULL,
    variant_id UUID NOT NULL,
    quantity INTEGER NOT NULL,
    warehouse_ids UUID[] NOT NULL,
    taken INTEGER[] NOT NULL,
    CONSTRAINT pk_stock_reservations PRIMARY KEY (order_id, line_id),
    CONSTRAINT ck_stock_reservations_quantity CHECK (quantity > 0),
    CONSTRAINT ck_stock_reservations_taken CHECK (cardinality(warehouse_ids) = cardinality(taken))
);

CREATE TABLE warehouses (
    id UUID NOT NULL,
    rank INTEGER GENERATED ALWAYS AS IDENTITY,
    code TEXT NOT NULL,
    display_name TEXT DEFAULT '' NOT NULL,
    region_code TEXT DEFAULT '' NOT NULL,
    create_time TIMESTAMP WITH TIME ZONE DEFAULT now() NOT NULL,
    CONSTRAINT pk_warehouses PRIMARY KEY (id),
    CONSTRAINT uq_warehouses_rank UNIQUE (rank),
    CONSTRAINT uq_warehouses_code UNIQUE (code)
);

CREATE TABLE import_pieces (
    import_id UUID NOT NULL,
    no INTEGER NOT NULL,
    content BYTEA NOT NULL,
    CONSTRAINT pk_import_pieces PRIMARY KEY (import_id, no),
    CONSTRAINT fk_import_pieces_import_id FOREIGN KEY(import_id) REFERENCES imports (id)
);

CREATE TABLE import_verdicts (
    import_id UUID NOT NULL,
    record_number BIGINT NOT NULL,
    record_ref TEXT NOT NULL,
    outcome TEXT NOT NULL,
    findings JSONB,
    CONSTRAINT pk_import_verdicts PRIMARY KEY (import_id, record_number),
    CONSTRAINT fk_import_verdicts_import_id FOREIGN KEY(import_id) REFERENCES imports (id)
);
CREATE INDEX ix_import_verdicts_outcome ON import_verdicts (import_id, outcome, record_number);

CREATE TABLE search_documents (
    product_id UUID NOT NULL,
    terms TSVECTOR NOT NULL,
    facet_ids INTEGER[] NOT NULL,
    name_en TEXT COLLATE "C" NOT NULL,
    name_fr TEXT COLLATE "C" NOT NULL,
    name_it TEXT COLLATE "C" NOT NULL,
    name_nl TEXT COLLATE "C" NOT NULL,
    newest INTEGER NOT NULL,
    in_stock BOOLEAN DEFAULT false NOT NULL,
    CONSTRAINT pk_search_documents PRIMARY KEY (product_id),
    CONSTRAINT fk_search_documents_product_id FOREIGN KEY(product_id) REFERENCES products (id)
);
CREATE INDEX ix_search_documents_facet_ids ON search_documents USING gin (facet_ids);
CREATE INDEX ix_search_documents_name_en ON search_documents (name_en, product_id);
CREATE INDEX ix_search_documents_name_fr ON search_documents (name_fr, product_id);
CREATE INDEX ix_search_documents_name_it ON search_documents (name_it, product_id);
CREATE INDEX ix_search_documents_name_nl ON search_documents (name_nl, product_id);
CREATE INDEX ix_search_documents_newest ON search_documents (newest, product_id);
CREATE INDEX ix_search_documents_terms ON search_documents USING gin (terms);

CREATE TABLE variants (
    id UUID NOT NULL,
    no BIGINT GENERATED ALWAYS AS IDENTITY,
    product_id UUID NOT NULL,
    position INTEGER NOT NULL,
    sku TEXT NOT NULL,
    code TEXT NOT NULL,
    gtin TEXT,
    isbn TEXT,
    options JSONB DEFAULT '[]' NOT NULL,
    weight_grams INTEGER DEFAULT 0 NOT NULL,
    stock_policy TEXT DEFAULT 'STOCKED' NOT NULL,
    discontinued BOOLEAN DEFAULT false NOT NULL,
    create_time TIMESTAMP WITH TIME ZONE DEFAULT now() NOT NULL,
    CONSTRAINT pk_variants PRIMARY KEY (id),
    CONSTRAINT ck_variants_stock_policy CHECK (stock_policy IN ('STOCKED', 'BACKORDER', 'UNMANAGED')),
    CONSTRAINT ck_variants_no_fits_price_key CHECK (no < 1099511627776),
    CONSTRAINT uq_variants_no UNIQUE (no),
    CONSTRAINT fk_variants_product_id FOREIGN KEY(product_id) REFERENCES products (id),
    CONSTRAINT uq_variants_sku UNIQUE (sku)
);
CREATE INDEX ix_variants_code ON variants (code);
CREATE INDEX ix_variants_gtin ON variants (gtin) WHERE gtin IS NOT NULL;
CREATE INDEX ix_variants_isbn ON variants (isbn) WHERE isbn IS NOT NULL;
CREATE INDEX ix_variants_product_id ON variants (product_id, position);

CREATE TABLE discount_rows (
    id UUID NOT NULL,
    account_id UUID,
    group_name TEXT,
    variant_id UUID,
    product_id UUID,
    category_id UUID,
    brand TEXT,
    min_quantity INTEGER NOT NULL,
    percent NUMERIC(7, 4) NOT NULL,
    valid_from DATE NOT NULL,
    valid_to DATE,
    create_time TIMESTAMP WITH TIME ZONE DEFAULT now() NOT NULL,
    CONSTRAINT pk_discount_rows PRIMARY KEY (id),
    CONSTRAINT ck_discount_rows_one_customer CHECK (num_nonnulls(account_id, group_name) <= 1),
    CONSTRAINT ck_discount_rows_one_product CHECK (num_nonnulls(variant_id, product_id, category_id, brand) <= 1),
    CONSTRAINT ck_discount_rows_percent CHECK (percent > 0 AND percent <= 100),
    CONSTRAINT ck_discount_rows_min_quantity CHECK (min_quantity >= 1),
    CONSTRAINT ck_discount_rows_validity CHECK (valid_to >= valid_from),
    CONSTRAINT fk_discount_rows_variant_id FOREIGN KEY(variant_id) REFERENCES variants (id),
    CONSTRAINT fk_discount_rows_product_id FOREIGN KEY(product_id) REFERENCES products (id),
    CONSTRAINT fk_discount_rows_category_id FOREIGN KEY(category_id) REFERENCES categories (id)
);
CREATE INDEX ix_discount_rows_account_id ON discount_rows (account_id, id);
CREATE INDEX ix_discount_rows_group_name ON discount_rows (group_name, id);

CREATE TABLE prices (
    id UUID NOT NULL,
    list_no INTEGER NOT NULL,
    variant_no BIGINT NOT NULL,
    valid_from DATE NOT NULL,
    valid_to DATE,
    set_valid_to DATE,
    min_quantities INTEGER[] NOT NULL,
    unit_prices NUMERIC(14, 4)[] NOT NULL,
    create_time TIMESTAMP WITH TIME ZONE DEFAULT now() NOT NULL,
    supersede_time TIMESTAMP WITH TIME ZONE,
    copy_of UUID,
    CONSTRAINT pk_prices PRIMARY KEY (id),
    CONSTRAINT ck_prices_validity CHECK (valid_to > valid_from),
    CONSTRAINT ck_prices_ladder CHECK (min_quantities[1] = 1 AND cardinality(min_quantities) = cardinality(unit_prices) AND 0 <= ALL (unit_prices)),
    CONSTRAINT ex_prices_no_overlap EXCLUDE USING gist (int8range((list_no::bigint << 40) | variant_no, (list_no::bigint << 40) | variant_no, '[]') WITH &&, daterange(valid_from, valid_to) WITH &&) WHERE (supersede_time IS NULL),
    CONSTRAINT fk_prices_list_no FOREIGN KEY(list_no) REFERENCES price_lists (no),
    CONSTRAINT fk_prices_variant_no FOREIGN KEY(variant_no) REFERENCES variants (no)
);
CREATE INDEX ix_prices_list_no ON prices (list_no, id);
CREATE INDEX ix_prices_variant_no ON prices (variant_no, list_no, valid_from);

CREATE TABLE search_variants (
    variant_id UUID NOT NULL,
    product_id UUID NOT NULL,
    facet_ids INTEGER[] NOT NULL,
    CONSTRAINT pk_search_variants PRIMARY KEY (variant_id),
    CONSTRAINT fk_search_variants_product_id FOREIGN KEY(product_id) REFERENCES search_documents (product_id)
);
CREATE INDEX ix_search_variants_product_id ON search_variants (product_id);

CREATE TABLE stock_levels (
    variant_id UUID NOT NULL,
    warehouse_id UUID NOT NULL,
    on_hand INTEGER DEFAULT 0 NOT NULL,
    reserved INTEGER DEFAULT 0 NOT NULL,
    backordered BOOLEAN DEFAULT false NOT NULL,
    expected_date DATE,
    CONSTRAINT pk_stock_levels PRIMARY KEY (variant_id, warehouse_id),
    CONSTRAINT ck_stock_levels_on_hand CHECK (on_hand >= 0),
    CONSTRAINT ck_stock_levels_reserved CHECK (reserved >= 0),
    CONSTRAINT ck_stock_levels_not_sold_twice CHECK (backordered OR reserved <= on_hand),
    CONSTRAINT fk_stock_levels_variant_id FOREIGN KEY(variant_id) REFERENCES variants (id),
    CONSTRAINT fk_stock_levels_warehouse_id FOREIGN KEY(warehouse_id) REFERENCES warehouses (id)
)
 WITH (fillfactor = 70);
CREATE INDEX ix_stock_levels_warehouse_id ON stock_levels (warehouse_id, variant_id);

CREATE TABLE stock_movements (
    id UUID NOT NULL,
    variant_id UUID NOT NULL,
    warehouse_id UUID NOT NULL,
    kind TEXT NOT NULL,
    quantity INTEGER NOT NULL,
    reason TEXT DEFAULT '' NOT NULL,
    order_id UUID,
    actor_id TEXT DEFAULT '' NOT NULL,
    create_time TIMESTAMP WITH TIME ZONE DEFAULT now() NOT NULL,
    CONSTRAINT pk_stock_movements PRIMARY KEY (id),
    CONSTRAINT ck_stock_movements_kind CHECK (kind IN ('RECEIPT', 'CORRECTION', 'SHIPMENT', 'RETURN', 'TRANSFER')),
    CONSTRAINT ck_stock_movements_quantity CHECK (quantity <> 0),
    CONSTRAINT fk_stock_movements_variant_id FOREIGN KEY(variant_id) REFERENCES variants (id),
    CONSTRAINT fk_stock_movements_warehouse_id FOREIGN KEY(warehouse_id) REFERENCES warehouses (id)
);
CREATE INDEX ix_stock_movements_variant_id ON stock_movements (variant_id, id);
CREATE INDEX ix_stock_movements_warehouse_id ON stock_movements (warehouse_id, id);

-- The ledger is append-only: what was wrong is corrected by another movement.
CREATE FUNCTION refuse_change() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION '% is append-only', TG_TABLE_NAME USING ERRCODE = 'restrict_violation';
END $$;
CREATE TRIGGER stock_movements_append_only BEFORE UPDATE OR DELETE ON stock_movements
    FOR EACH ROW EXECUTE FUNCTION refuse_change();

-- Uploaded files are read once and in full: compressing them would only cost time.
ALTER TABLE import_pieces ALTER COLUMN content SET STORAGE EXTERNAL;
