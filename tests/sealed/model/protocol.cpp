#include "tests/sealed/model/protocol.hpp"

namespace redan::test::model {

Protocol::Protocol(Terms& terms, Weakness weakness)
    : terms_(&terms), weakness_(weakness), ams_(party("AMS")), offer_(terms.name("offer")) {}

Party Protocol::party(std::string_view name) const {
  const Term secret = terms_->name("secret of " + std::string(name));
  return {terms_->constant(name), secret, terms_->public_key(secret)};
}

// What AMS certifies.

Term Protocol::grant(const Grant& grant) const {
  const Term text = weakness_ == Weakness::grant_without_client
                        ? terms_->tuple({label("grant"), grant.session, grant.instance})
                        : terms_->tuple({label("grant"), grant.session, grant.instance, grant.client});
  return terms_->sign(ams_.secret, text);
}

Term Protocol::certificate(const Certificate& certificate) const {
  const Term text = terms_->tuple({label("certificate"), certificate.instance, certificate.key});
  return weakness_ == Weakness::certificate_unchecked ? text : terms_->sign(ams_.secret, text);
}

// The handshake.

Term Protocol::hello_text(const Hello& hello) const {
  switch (weakness_) {
    case Weakness::no_identities_signed:
      return terms_->tuple({label("hello"), hello.session, hello.suites, hello.share, hello.nonce});
    case Weakness::suites_not_signed:
      return terms_->tuple({label("hello"), hello.session, hello.share, hello.nonce, hello.grant});
    default:
      return terms_->tuple({label("hello"), hello.session, hello.suites, hello.share, hello.nonce, hello.grant});
  }
}

Term Protocol::answer_text(const Answer& answer) const {
  switch (weakness_) {
    case Weakness::no_identities_signed:
      return terms_->tuple({label("answer"), answer.suite, answer.share, answer.nonce});
    case Weakness::suites_not_signed:
      return terms_->tuple({label("answer"), answer.share, answer.nonce, answer.certificate});
    default:
      return terms_->tuple({label("answer"), answer.suite, answer.share, answer.nonce, answer.certificate});
  }
}

Term Protocol::proof(const Party& from, const Party& to, Term text) const {
  if (weakness_ != Weakness::static_authentication) return terms_->sign(from.secret, text);
  return terms_->derive(terms_->agree(from.secret, terms_->share(to.secret)), text);
}

Term Protocol::runtime_signature(const Party& runtime, const Party& client, const Hello& hello,
                                 const Answer& answer) const {
  if (weakness_ == Weakness::share_not_signed) return answer.certificate;
  const Term text = weakness_ == Weakness::no_transcript
                        ? terms_->tuple({label("runtime"), answer_text(answer)})
                        : terms_->tuple({label("runtime"), hello_text(hello), answer_text(answer)});
  return proof(runtime, client, text);
}

Term Protocol::client_signature(const Party& client, const Party& runtime, const Hello& hello,
                                const Answer& answer) const {
  if (weakness_ == Weakness::grant_without_client) return label("no signature");
  const Term text = weakness_ == Weakness::no_transcript ? terms_->tuple({label("client"), hello.share, hello.grant})
                                                         : terms_->tuple({label("client"), transcript(hello, answer)});
  return proof(client, runtime, text);
}

Term Protocol::transcript(const Hello& hello, const Answer& answer) const {
  switch (weakness_) {
    case Weakness::no_transcript:
      return terms_->hash(terms_->tuple({label("transcript"), hello.share, answer.share}));
    case Weakness::no_identities_signed:  // the signature would reveal its owner
      return terms_->hash(terms_->tuple({label("transcript"), hello_text(hello), answer_text(answer)}));
    default:
      return terms_->hash(
          terms_->tuple({label("transcript"), hello_text(hello), answer_text(answer), answer.signature}));
  }
}

// Keys and records.

Keys Protocol::keys(const Hello& hello, const Answer& answer, Term exponent, Term peer) const {
  const Term shared = terms_->agree(exponent, peer);
  const Term prk = terms_->derive(shared, transcript(hello, answer));
  const Term confirm = terms_->derive(prk, label("confirm"));
  if (answer.suite == cryptobox()) {
    const Term box = terms_->derive(shared, label("box"));
    return {box, box, confirm};
  }
  const Term to_runtime = terms_->derive(prk, label("client to runtime"));
  if (weakness_ == Weakness::one_direction) return {to_runtime, to_runtime, confirm};
  return {to_runtime, terms_->derive(prk, label("runtime to client")), confirm};
}

Term Protocol::client_record(const Hello& hello, const Answer& answer, const Keys& keys, Term body) const {
  return record(keys.to_runtime, label("c"), hello, answer, body);
}

Term Protocol::runtime_record(const Hello& hello, const Answer& answer, const Keys& keys, Term body) const {
  if (weakness_ == Weakness::clear_confirmation) return terms_->tuple({hello.session, label("r")});
  return record(keys.to_client, label("r"), hello, answer, body);
}

Term Protocol::record(Term key, Term direction, const Hello& hello, const Answer& answer, Term body) const {
  if (weakness_ == Weakness::one_direction) direction = label("any");
  return terms_->seal(key, terms_->tuple({hello.session, direction, body, transcript(hello, answer)}));
}

}  // namespace redan::test::model
