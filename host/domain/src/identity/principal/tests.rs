use super::*;

fn only(scope: &str) -> GrantedScopes {
    GrantedScopes::Only(BTreeSet::from([scope.to_owned()]))
}

fn grant(role: Role, functions: &[Function], scopes: GrantedScopes) -> Grant {
    Grant {
        role,
        functions: functions.iter().copied().collect(),
        scopes,
    }
}

fn principal(name: &str, grants: Vec<Grant>) -> Principal {
    Principal {
        name: name.into(),
        grants,
    }
}

#[test]
fn a_role_counts_where_it_was_granted_and_nowhere_else() {
    for permission in Permission::ALL {
        for role in Role::ALL {
            let has_role = permission.roles().contains(&role);
            let here = principal("ana", vec![grant(role, &[], only("routing"))]);
            assert_eq!(
                here.may(permission, Some("routing")).is_ok(),
                has_role,
                "{permission} {role}"
            );
            assert!(here.may(permission, Some("returns")).is_err());
            assert!(
                here.may(permission, None).is_err(),
                "one scope is not the whole host"
            );
            let everywhere = principal("ana", vec![grant(role, &[], GrantedScopes::All)]);
            assert_eq!(everywhere.may(permission, Some("returns")).is_ok(), has_role);
            assert_eq!(everywhere.may(permission, None).is_ok(), has_role);
        }
    }
}

#[test]
fn a_denial_says_which_role_it_takes() {
    let ana = principal(
        "ana",
        vec![
            grant(Role::Author, &[], GrantedScopes::All),
            grant(Role::Operator, &[], only("returns")),
        ],
    );
    let told = |permission, scope| ana.may(permission, scope).unwrap_err().to_string();
    insta::assert_snapshot!(told(Permission::PromoteRelease, Some("routing")), @"ana may not promote a release in scope `routing`: that takes the role operator there, ana has author in every scope; operator in `returns`");
    insta::assert_snapshot!(told(Permission::ReadIdentity, None), @"ana may not see principals and tokens: that takes one of the roles auditor, admin in every scope, ana has author in every scope; operator in `returns`");
    let nobody = principal("bo", vec![]);
    let told = nobody.may(Permission::Decide, Some("routing")).unwrap_err();
    insta::assert_snapshot!(told, @"bo may not ask for decisions in scope `routing`: that takes the role service there, bo has no role");
}

#[test]
fn an_author_never_approves_and_others_only_for_their_function() {
    let functions = [Function::Finance, Function::Security];
    let ana = principal(
        "ana",
        vec![
            grant(Role::Author, &[], GrantedScopes::All),
            grant(Role::Approver, &functions, only("routing")),
        ],
    );
    assert_eq!(ana.may_approve("routing", "bo", Function::Finance), Ok(()));
    for (scope, author, function) in [
        ("routing", "ana", Function::Finance),
        ("routing", "Ana", Function::Finance),
        ("routing", "bo", Function::Operations),
        ("returns", "bo", Function::Finance),
    ] {
        assert!(
            ana.may_approve(scope, author, function).is_err(),
            "{scope} {author} {function}"
        );
    }
    let own = ana.may_approve("routing", "ana", Function::Finance).unwrap_err();
    insta::assert_snapshot!(own, @"ana may not approve a release in scope `routing`: an author never approves; that takes somebody else");
    let other = ana
        .may_approve("routing", "bo", Function::Operations)
        .unwrap_err();
    insta::assert_snapshot!(other, @"ana may not approve a release in scope `routing`: that takes an approver for operations, ana speaks for finance, security there");
}

#[test]
fn a_principal_that_cannot_be_is_refused_at_its_field() {
    let approver = || grant(Role::Approver, &[Function::Finance], only("routing"));
    assert_eq!(principal("ana.b@shop-1", vec![approver()]).check(), Ok(()));
    let field = |principal: Principal| principal.check().unwrap_err().field;
    for name in ["", "host", "Host", "ana b", "ana\n", "é", &"a".repeat(101)] {
        assert_eq!(field(principal(name, vec![])), "name", "{name:?}");
    }
    let with = |grant| field(principal("ana", vec![approver(), grant]));
    assert_eq!(
        with(grant(Role::Approver, &[], GrantedScopes::All)),
        "grants[1].functions"
    );
    assert_eq!(
        with(grant(Role::Operator, &[Function::Finance], GrantedScopes::All)),
        "grants[1].functions"
    );
    assert_eq!(
        with(grant(Role::Operator, &[], GrantedScopes::Only(BTreeSet::new()))),
        "grants[1].scopes"
    );
    assert_eq!(
        with(grant(Role::Operator, &[], only("no such name"))),
        "grants[1].scopes"
    );
    assert_eq!(field(principal("ana", vec![approver(); 51])), "grants");
}

#[test]
fn a_grant_reads_as_it_is_written() {
    let text = r#"{"name":"ana","grants":[{"role":"operator","scopes":"all"},{"role":"approver","functions":["finance"],"scopes":{"only":["routing"]}}]}"#;
    let read: Principal = serde_json::from_str(text).unwrap();
    assert_eq!(serde_json::to_string(&read).unwrap(), text);
}
