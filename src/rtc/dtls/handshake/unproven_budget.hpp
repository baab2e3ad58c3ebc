// What an unproven peer may cost a connection, in all versions of the handshake together.
#pragma once

#include "rtc/dtls/handshake/answer_budget.hpp"
#include "rtc/dtls/handshake/work_budget.hpp"

namespace redan::dtls {

struct UnprovenBudget {
  AnswerBudget answers;
  WorkBudget work;
};

}  // namespace redan::dtls
