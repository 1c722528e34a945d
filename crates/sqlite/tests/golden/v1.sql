-- A registry in tables of version 1, as the library of that version wrote it.
PRAGMA application_id = 0x4D747263;
PRAGMA user_version = 1;
PRAGMA foreign_keys=OFF;
BEGIN TRANSACTION;
CREATE TABLE registry (
    id INTEGER PRIMARY KEY CHECK (id = 1),
    revision INTEGER NOT NULL,
    clock INTEGER
) STRICT;
INSERT INTO registry VALUES(1,3,1778824800000);
CREATE TABLE site (
    id INTEGER PRIMARY KEY,
    key TEXT NOT NULL UNIQUE,
    name TEXT NOT NULL,
    zone TEXT NOT NULL
) STRICT;
INSERT INTO site VALUES(0,'primary','Head office','Europe/Berlin');
INSERT INTO site VALUES(1,'za','za','Africa/Johannesburg');
CREATE TABLE attribute (
    id INTEGER PRIMARY KEY,
    key TEXT NOT NULL UNIQUE,
    type TEXT NOT NULL CHECK (type IN ('text', 'choice', 'date'))
) STRICT;
INSERT INTO attribute VALUES(0,'department','text');
INSERT INTO attribute VALUES(1,'country','choice');
INSERT INTO attribute VALUES(2,'hired_on','date');
INSERT INTO attribute VALUES(3,'Status','text');
CREATE TABLE attribute_option (
    attribute_id INTEGER NOT NULL REFERENCES attribute,
    id INTEGER NOT NULL,
    key TEXT NOT NULL,
    PRIMARY KEY (attribute_id, id)
) STRICT, WITHOUT ROWID;
INSERT INTO attribute_option VALUES(1,0,'ZA');
INSERT INTO attribute_option VALUES(1,1,'DE');
INSERT INTO attribute_option VALUES(1,2,'FR');
CREATE TABLE user (
    id INTEGER PRIMARY KEY,
    key TEXT NOT NULL UNIQUE,
    status TEXT NOT NULL
, a0 TEXT, a1 INTEGER, a2 TEXT, a3 TEXT) STRICT;
INSERT INTO user VALUES(0,'ann','active','IT',NULL,'2025-12-01',NULL);
INSERT INTO user VALUES(1,'bob','active','IT',0,'2019-05-31',NULL);
INSERT INTO user VALUES(2,'cy','suspended','Sales',NULL,NULL,NULL);
INSERT INTO user VALUES(3,'dora','active','Sales',2,'2026-02-01','Ünïcode 🙂');
INSERT INTO user VALUES(4,'eve','active','Sales',NULL,'2026-05-15',NULL);
CREATE TABLE site_member (
    user_id INTEGER NOT NULL,
    site_id INTEGER NOT NULL,
    status TEXT NOT NULL,
    PRIMARY KEY (user_id, site_id)
) STRICT, WITHOUT ROWID;
INSERT INTO site_member VALUES(0,0,'active');
INSERT INTO site_member VALUES(1,1,'suspended');
INSERT INTO site_member VALUES(2,0,'active');
INSERT INTO site_member VALUES(3,0,'active');
INSERT INTO site_member VALUES(4,1,'active');
CREATE TABLE course (
    id INTEGER PRIMARY KEY,
    key TEXT NOT NULL UNIQUE,
    name TEXT NOT NULL,
    site_id INTEGER NOT NULL REFERENCES site
) STRICT;
INSERT INTO course VALUES(0,'gdpr','gdpr',0);
INSERT INTO course VALUES(1,'safety','safety',1);
INSERT INTO course VALUES(2,'welcome','welcome',0);
CREATE TABLE segment (
    id INTEGER PRIMARY KEY,
    key TEXT NOT NULL UNIQUE,
    name TEXT NOT NULL,
    site_id INTEGER REFERENCES site,
    rule TEXT NOT NULL,
    rule_text TEXT NOT NULL
) STRICT;
INSERT INTO segment VALUES(0,'sales','Segment sales',NULL,'{"compare":{"attribute":0,"comparison":"==","with":{"value":{"text":"Sales"}}}}','user.department == "Sales"');
INSERT INTO segment VALUES(1,'germans','Segment germans',0,'{"all":[{"in":{"attribute":1,"values":[{"choice":1}]}},{"not":{"compare":{"attribute":0,"comparison":"==","with":{"value":{"text":"IT"}}}}}]}','user.country in ["DE"] && !(user.department == "IT")');
INSERT INTO segment VALUES(2,'new','Segment new',NULL,'{"compare":{"attribute":2,"comparison":">=","with":{"today":{"count":-90,"unit":"days"}}}}','user.hired_on >= today - days(90)');
INSERT INTO segment VALUES(3,'lost','Segment lost',NULL,'{"any":[{"not":{"has":0}},{"compare":{"attribute":1,"comparison":"!=","with":{"value":{"choice":0}}}}]}','!has(user.department) || user.country != "ZA"');
INSERT INTO segment VALUES(4,'africans','Segment africans',1,'{"compare":{"attribute":1,"comparison":"==","with":{"value":{"choice":0}}}}','user.country == "ZA"');
CREATE TABLE segment_members (
    segment_id INTEGER NOT NULL REFERENCES segment,
    part INTEGER NOT NULL,
    members BLOB NOT NULL,
    PRIMARY KEY (segment_id, part)
) STRICT, WITHOUT ROWID;
INSERT INTO segment_members VALUES(0,0,X'3a30000001000000000001001000000003000400');
INSERT INTO segment_members VALUES(1,0,X'3a30000000000000');
INSERT INTO segment_members VALUES(2,0,X'3a3000000100000000000000100000000400');
INSERT INTO segment_members VALUES(3,0,X'3a3000000100000000000000100000000300');
INSERT INTO segment_members VALUES(4,0,X'3a30000000000000');
CREATE TABLE enrolment_rule (
    id INTEGER PRIMARY KEY,
    key TEXT NOT NULL UNIQUE,
    name TEXT NOT NULL,
    segment_id INTEGER NOT NULL REFERENCES segment,
    on_leave TEXT NOT NULL,
    enabled INTEGER NOT NULL
) STRICT;
INSERT INTO enrolment_rule VALUES(0,'gdpr-for-sales','gdpr-for-sales',0,'suspend',1);
INSERT INTO enrolment_rule VALUES(1,'welcome-new','welcome-new',2,'keep',1);
INSERT INTO enrolment_rule VALUES(2,'safety-za','safety-za',4,'unenrol',1);
CREATE TABLE enrolment_rule_course (
    rule_id INTEGER NOT NULL REFERENCES enrolment_rule,
    position INTEGER NOT NULL,
    course_id INTEGER NOT NULL REFERENCES course,
    PRIMARY KEY (rule_id, position)
) STRICT, WITHOUT ROWID;
INSERT INTO enrolment_rule_course VALUES(0,0,0);
INSERT INTO enrolment_rule_course VALUES(1,0,2);
INSERT INTO enrolment_rule_course VALUES(2,0,1);
CREATE TABLE enrolment (
    user_id INTEGER NOT NULL,
    course_id INTEGER NOT NULL,
    status TEXT NOT NULL,
    since INTEGER NOT NULL,
    PRIMARY KEY (user_id, course_id)
) STRICT, WITHOUT ROWID;
INSERT INTO enrolment VALUES(0,0,'suspended',1768032000000);
INSERT INTO enrolment VALUES(0,2,'active',1768032000000);
INSERT INTO enrolment VALUES(1,1,'active',1768032000000);
INSERT INTO enrolment VALUES(3,0,'active',1769949000250);
INSERT INTO enrolment VALUES(3,2,'active',1769949000250);
CREATE TABLE enrolment_reason (
    user_id INTEGER NOT NULL,
    course_id INTEGER NOT NULL,
    rule_id INTEGER NOT NULL,
    state TEXT NOT NULL,
    since INTEGER NOT NULL,
    PRIMARY KEY (user_id, course_id, rule_id)
) STRICT, WITHOUT ROWID;
INSERT INTO enrolment_reason VALUES(0,0,0,'suspended',1768032000000);
INSERT INTO enrolment_reason VALUES(0,2,-1,'in_force',1769949000250);
INSERT INTO enrolment_reason VALUES(0,2,1,'kept',1768032000000);
INSERT INTO enrolment_reason VALUES(1,1,-1,'in_force',1769949000250);
INSERT INTO enrolment_reason VALUES(3,0,0,'in_force',1769949000250);
INSERT INTO enrolment_reason VALUES(3,2,1,'kept',1769949000250);
CREATE TABLE journal (
    revision INTEGER PRIMARY KEY,
    at INTEGER NOT NULL,
    author TEXT NOT NULL,
    note TEXT NOT NULL
) STRICT;
INSERT INTO journal VALUES(1,1768032000000,'hr','first feed');
INSERT INTO journal VALUES(2,1769949000250,'admin','it''s "quoted"');
INSERT INTO journal VALUES(3,1778824800000,'hr','');
CREATE TABLE journal_entry (
    revision INTEGER NOT NULL,
    position INTEGER NOT NULL,
    user_id INTEGER,
    entry TEXT NOT NULL,
    PRIMARY KEY (revision, position)
) STRICT, WITHOUT ROWID;
INSERT INTO journal_entry VALUES(1,0,NULL,'{"site":[0,{"key":"primary","name":"Head office","zone":"Europe/Berlin"}]}');
INSERT INTO journal_entry VALUES(1,1,NULL,'{"site":[1,{"key":"za","name":"za","zone":"Africa/Johannesburg"}]}');
INSERT INTO journal_entry VALUES(1,2,NULL,'{"attribute":{"id":0,"key":"department","type":"text"}}');
INSERT INTO journal_entry VALUES(1,3,NULL,'{"attribute":{"id":1,"key":"country","type":"choice","options":[{"key":"ZA"},{"key":"DE"}]}}');
INSERT INTO journal_entry VALUES(1,4,NULL,'{"attribute":{"id":2,"key":"hired_on","type":"date"}}');
INSERT INTO journal_entry VALUES(1,5,NULL,'{"attribute":{"id":3,"key":"Status","type":"text"}}');
INSERT INTO journal_entry VALUES(1,6,NULL,'{"course":[0,{"key":"gdpr","name":"gdpr","site":0}]}');
INSERT INTO journal_entry VALUES(1,7,NULL,'{"course":[1,{"key":"safety","name":"safety","site":1}]}');
INSERT INTO journal_entry VALUES(1,8,NULL,'{"course":[2,{"key":"welcome","name":"welcome","site":0}]}');
INSERT INTO journal_entry VALUES(1,9,NULL,'{"segment":[0,{"key":"sales","name":"Segment sales","site":null,"rule":{"compare":{"attribute":0,"comparison":"==","with":{"value":{"text":"Sales"}}}}}]}');
INSERT INTO journal_entry VALUES(1,10,NULL,'{"segment":[1,{"key":"germans","name":"Segment germans","site":0,"rule":{"all":[{"in":{"attribute":1,"values":[{"choice":1}]}},{"not":{"compare":{"attribute":0,"comparison":"==","with":{"value":{"text":"IT"}}}}}]}}]}');
INSERT INTO journal_entry VALUES(1,11,NULL,'{"segment":[2,{"key":"new","name":"Segment new","site":null,"rule":{"compare":{"attribute":2,"comparison":">=","with":{"today":{"count":-90,"unit":"days"}}}}}]}');
INSERT INTO journal_entry VALUES(1,12,NULL,'{"segment":[3,{"key":"lost","name":"Segment lost","site":null,"rule":{"any":[{"not":{"has":0}},{"compare":{"attribute":2,"comparison":"<","with":{"value":{"date":"2020-01-01"}}}}]}}]}');
INSERT INTO journal_entry VALUES(1,13,NULL,'{"segment":[4,{"key":"africans","name":"Segment africans","site":1,"rule":{"compare":{"attribute":1,"comparison":"==","with":{"value":{"choice":0}}}}}]}');
INSERT INTO journal_entry VALUES(1,14,NULL,'{"enrolment_rule":[0,{"key":"gdpr-for-sales","name":"gdpr-for-sales","segment":0,"courses":[0],"on_leave":"suspend","enabled":true}]}');
INSERT INTO journal_entry VALUES(1,15,NULL,'{"enrolment_rule":[1,{"key":"welcome-new","name":"welcome-new","segment":2,"courses":[2],"on_leave":"keep","enabled":true}]}');
INSERT INTO journal_entry VALUES(1,16,NULL,'{"enrolment_rule":[2,{"key":"safety-za","name":"safety-za","segment":4,"courses":[1],"on_leave":"unenrol","enabled":true}]}');
INSERT INTO journal_entry VALUES(1,17,0,'{"user":{"id":0,"key":"ann","values":[[0,{"text":"Sales"}],[1,{"choice":1}],[2,{"date":"2025-12-01"}]],"sites":[[0,"active"]]}}');
INSERT INTO journal_entry VALUES(1,18,1,'{"user":{"id":1,"key":"bob","values":[[0,{"text":"IT"}],[1,{"choice":0}],[2,{"date":"2019-05-31"}]],"sites":[[1,"active"]]}}');
INSERT INTO journal_entry VALUES(1,19,2,'{"user":{"id":2,"key":"cy","sites":[[0,"active"]]}}');
INSERT INTO journal_entry VALUES(2,0,NULL,'{"attribute":{"id":1,"key":"country","type":"choice","options":[{"key":"ZA"},{"key":"DE"},{"key":"FR"}]}}');
INSERT INTO journal_entry VALUES(2,1,3,'{"user":{"id":3,"key":"dora","values":[[0,{"text":"Sales"}],[1,{"choice":2}],[2,{"date":"2026-02-01"}],[3,{"text":"Ünïcode 🙂"}]],"sites":[[0,"active"]]}}');
INSERT INTO journal_entry VALUES(2,2,2,'{"user":{"id":2,"status":"suspended","values":[[0,{"text":"Sales"}]]}}');
INSERT INTO journal_entry VALUES(3,0,0,'{"user":{"id":0,"values":[[0,{"text":"IT"}],[1,null]]}}');
INSERT INTO journal_entry VALUES(3,1,1,'{"user":{"id":1,"sites":[[1,"suspended"]]}}');
INSERT INTO journal_entry VALUES(3,2,4,'{"user":{"id":4,"key":"eve","values":[[0,{"text":"Sales"}],[2,{"date":"2026-05-15"}]],"sites":[[1,"active"]]}}');
INSERT INTO journal_entry VALUES(3,3,NULL,'{"segment":[3,{"key":"lost","name":"Segment lost","site":null,"rule":{"any":[{"not":{"has":0}},{"compare":{"attribute":1,"comparison":"!=","with":{"value":{"choice":0}}}}]}}]}');
CREATE TABLE journal_fact (
    revision INTEGER NOT NULL,
    position INTEGER NOT NULL,
    moment INTEGER NOT NULL,
    at INTEGER NOT NULL,
    fact TEXT NOT NULL,
    segment_id INTEGER,
    course_id INTEGER,
    rule_id INTEGER,
    users BLOB NOT NULL,
    PRIMARY KEY (revision, position)
) STRICT, WITHOUT ROWID;
INSERT INTO journal_fact VALUES(1,0,0,1768032000000,'joined',0,NULL,NULL,X'3a3000000100000000000000100000000000');
INSERT INTO journal_fact VALUES(1,1,0,1768032000000,'left',0,NULL,NULL,X'3a30000000000000');
INSERT INTO journal_fact VALUES(1,2,0,1768032000000,'joined',1,NULL,NULL,X'3a3000000100000000000000100000000000');
INSERT INTO journal_fact VALUES(1,3,0,1768032000000,'left',1,NULL,NULL,X'3a30000000000000');
INSERT INTO journal_fact VALUES(1,4,0,1768032000000,'joined',2,NULL,NULL,X'3a3000000100000000000000100000000000');
INSERT INTO journal_fact VALUES(1,5,0,1768032000000,'left',2,NULL,NULL,X'3a30000000000000');
INSERT INTO journal_fact VALUES(1,6,0,1768032000000,'joined',3,NULL,NULL,X'3a30000001000000000001001000000001000200');
INSERT INTO journal_fact VALUES(1,7,0,1768032000000,'left',3,NULL,NULL,X'3a30000000000000');
INSERT INTO journal_fact VALUES(1,8,0,1768032000000,'joined',4,NULL,NULL,X'3a3000000100000000000000100000000100');
INSERT INTO journal_fact VALUES(1,9,0,1768032000000,'left',4,NULL,NULL,X'3a30000000000000');
INSERT INTO journal_fact VALUES(1,10,0,1768032000000,'enrolled',NULL,0,0,X'3a3000000100000000000000100000000000');
INSERT INTO journal_fact VALUES(1,11,0,1768032000000,'enrolled',NULL,1,2,X'3a3000000100000000000000100000000100');
INSERT INTO journal_fact VALUES(1,12,0,1768032000000,'enrolled',NULL,2,1,X'3a3000000100000000000000100000000000');
INSERT INTO journal_fact VALUES(2,0,0,1769949000250,'joined',0,NULL,NULL,X'3a3000000100000000000000100000000300');
INSERT INTO journal_fact VALUES(2,1,0,1769949000250,'left',0,NULL,NULL,X'3a30000000000000');
INSERT INTO journal_fact VALUES(2,2,0,1769949000250,'joined',2,NULL,NULL,X'3a3000000100000000000000100000000300');
INSERT INTO journal_fact VALUES(2,3,0,1769949000250,'left',2,NULL,NULL,X'3a30000000000000');
INSERT INTO journal_fact VALUES(2,4,0,1769949000250,'joined',3,NULL,NULL,X'3a30000000000000');
INSERT INTO journal_fact VALUES(2,5,0,1769949000250,'left',3,NULL,NULL,X'3a3000000100000000000000100000000200');
INSERT INTO journal_fact VALUES(2,6,0,1769949000250,'enrolled',NULL,0,0,X'3a3000000100000000000000100000000300');
INSERT INTO journal_fact VALUES(2,7,0,1769949000250,'enrolled',NULL,2,1,X'3a3000000100000000000000100000000300');
INSERT INTO journal_fact VALUES(2,8,0,1769949000250,'reason_added',NULL,1,-1,X'3a3000000100000000000000100000000100');
INSERT INTO journal_fact VALUES(2,9,0,1769949000250,'reason_added',NULL,2,-1,X'3a3000000100000000000000100000000000');
INSERT INTO journal_fact VALUES(3,0,0,1772406000000,'joined',2,NULL,NULL,X'3a30000000000000');
INSERT INTO journal_fact VALUES(3,1,0,1772406000000,'left',2,NULL,NULL,X'3a3000000100000000000000100000000000');
INSERT INTO journal_fact VALUES(3,2,0,1772406000000,'kept',NULL,2,1,X'3a3000000100000000000000100000000000');
INSERT INTO journal_fact VALUES(3,3,1,1777759200000,'joined',2,NULL,NULL,X'3a30000000000000');
INSERT INTO journal_fact VALUES(3,4,1,1777759200000,'left',2,NULL,NULL,X'3a3000000100000000000000100000000300');
INSERT INTO journal_fact VALUES(3,5,1,1777759200000,'kept',NULL,2,1,X'3a3000000100000000000000100000000300');
INSERT INTO journal_fact VALUES(3,6,2,1778824800000,'joined',0,NULL,NULL,X'3a3000000100000000000000100000000400');
INSERT INTO journal_fact VALUES(3,7,2,1778824800000,'left',0,NULL,NULL,X'3a3000000100000000000000100000000000');
INSERT INTO journal_fact VALUES(3,8,2,1778824800000,'joined',1,NULL,NULL,X'3a30000000000000');
INSERT INTO journal_fact VALUES(3,9,2,1778824800000,'left',1,NULL,NULL,X'3a3000000100000000000000100000000000');
INSERT INTO journal_fact VALUES(3,10,2,1778824800000,'joined',2,NULL,NULL,X'3a3000000100000000000000100000000400');
INSERT INTO journal_fact VALUES(3,11,2,1778824800000,'left',2,NULL,NULL,X'3a30000000000000');
INSERT INTO journal_fact VALUES(3,12,2,1778824800000,'joined',3,NULL,NULL,X'3a3000000100000000000000100000000300');
INSERT INTO journal_fact VALUES(3,13,2,1778824800000,'left',3,NULL,NULL,X'3a3000000100000000000000100000000100');
INSERT INTO journal_fact VALUES(3,14,2,1778824800000,'joined',4,NULL,NULL,X'3a30000000000000');
INSERT INTO journal_fact VALUES(3,15,2,1778824800000,'left',4,NULL,NULL,X'3a3000000100000000000000100000000100');
INSERT INTO journal_fact VALUES(3,16,2,1778824800000,'reason_dropped',NULL,1,2,X'3a3000000100000000000000100000000100');
INSERT INTO journal_fact VALUES(3,17,2,1778824800000,'suspended',NULL,0,0,X'3a3000000100000000000000100000000000');
CREATE INDEX enrolment_by_course ON enrolment (course_id);
CREATE VIEW enrolments AS
SELECT u.key AS user, c.key AS course, e.status AS status,
    strftime('%Y-%m-%dT%H:%M:%SZ', e.since / 1000, 'unixepoch') AS since,
    (SELECT group_concat(CASE
            WHEN r.rule_id = -1 THEN 'enrolled by hand'
            WHEN r.state = 'in_force' THEN 'rule ' || er.key || ': in segment ' || s.key
            WHEN r.state = 'kept' THEN 'rule ' || er.key || ': no longer applies, kept'
            ELSE 'rule ' || er.key || ': no longer applies, suspended'
        END, '; ')
     FROM enrolment_reason r
     LEFT JOIN enrolment_rule er ON er.id = r.rule_id
     LEFT JOIN segment s ON s.id = er.segment_id
     WHERE r.user_id = e.user_id AND r.course_id = e.course_id) AS why
FROM enrolment e JOIN user u ON u.id = e.user_id JOIN course c ON c.id = e.course_id;
CREATE VIEW commits AS
SELECT revision, strftime('%Y-%m-%dT%H:%M:%fZ', at / 1000.0, 'unixepoch') AS at, author, note FROM journal;
CREATE VIEW users AS SELECT u.id AS id, u.key AS key, u.status AS status, u.a0 AS "department", (SELECT o.key FROM attribute_option o WHERE o.attribute_id = 1 AND o.id = u.a1) AS "country", u.a2 AS "hired_on", u.a3 AS "user.Status" FROM user u;
COMMIT;
