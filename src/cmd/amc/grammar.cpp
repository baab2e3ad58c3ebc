#include "cmd/amc/grammar.hpp"

#include <cstdio>

#include "base/utf8.hpp"

namespace redan::cmd {
namespace {

int guarded(const std::function<int(Amc&)>& what, const AmcOptions& options) {
  try {
    Amc amc(options);
    return what(amc);
  } catch (const AmcFailure& failure) {
    std::string text = "redan amc: ";
    for (const std::string& line : split(failure.what(), '\n')) {
      text += (text.ends_with('\n') ? "  " : "") + escape_controls(line) + "\n";
    }
    std::fputs(text.c_str(), stderr);
    return failure.code();
  }
}

}  // namespace

Grammar::Grammar(CLI::App& amc, Run& run) : amc_(&amc), run_(&run), options_(std::make_shared<AmcOptions>()) {
  amc.add_option("--remote", options_->remote, "The AMS to talk to, as `remote add` named it");
  amc.add_option("--socket", options_->socket, "The Unix socket of an AMS on this machine");
  amc.add_option("--dir", options_->directory, "Where key and remotes are kept (default: ~/.config/redan-amc)");
  amc.add_flag("--json", options_->json, "What AMS answers, as JSON for scripts");
  amc.require_subcommand(1);
}

CLI::App* Grammar::group(CLI::App* parent, const char* name, const char* description) {
  CLI::App* made = parent->add_subcommand(name, description);
  made->fallthrough();
  made->require_subcommand(1);
  return made;
}

CLI::App* Grammar::add(CLI::App* parent, const char* name, const char* description, std::function<int(Amc&)> what) {
  CLI::App* made = parent->add_subcommand(name, description);
  made->fallthrough();
  made->callback([run = run_, options = options_, what = std::move(what)] {
    *run = [options, what] { return guarded(what, *options); };
  });
  return made;
}

CLI::App* Grammar::list(CLI::App* parent, const char* description, AmcList list) {
  std::vector<std::string> formats{"table", "json", "csv"};
  if (list.yaml) formats.emplace_back("yaml");
  std::string filters;
  for (const Column& filter : list.filters) filters += (filters.empty() ? "" : ", ") + filter.title;
  CLI::App* made = command(parent, "list", description, [list = std::move(list)](Amc& amc) {
    boost::json::array elements = amc.session().list(list.path);
    for (const std::string& filter : amc.options().filters) {
      elements = filtered(std::move(elements), filter, list.filters);
    }
    amc.print_list(std::move(elements), list.columns);
  });
  made->alias("ls");
  if (!filters.empty()) {
    made->add_option("-f,--filter", options_->filters, "KEY=VALUE, repeatable; keys: " + filters)
        ->allow_extra_args(false);
  }
  return format(made, std::move(formats));
}

CLI::App* Grammar::refused(CLI::App* parent, const char* name, const char* description, const char* why) {
  CLI::App* made = command(parent, name, description,
                           [why](Amc&) -> int { throw AmcFailure(kFailure, std::string("not implemented: ") + why); });
  made->allow_extras();
  made->fallthrough(false);
  return made;
}

CLI::App* Grammar::which(CLI::App* to, const char* description) {
  to->add_option("which", options_->which, description)->required();
  return to;
}
CLI::App* Grammar::name(CLI::App* to, const char* description) {
  to->add_option("name", options_->name, description)->required();
  return to;
}
CLI::App* Grammar::key(CLI::App* to, const char* description) {
  to->add_option("key", options_->key, description)->required();
  return to;
}
CLI::App* Grammar::value(CLI::App* to, const char* description) {
  to->add_option("value", options_->value, description)->required();
  return to;
}
CLI::App* Grammar::file(CLI::App* to, const char* description) {
  to->add_option("file", options_->file, description)->required();
  return to;
}

CLI::App* Grammar::no_wait(CLI::App* to) {
  to->add_flag("--no-wait", options_->no_wait, "Do not wait until it is done");
  return to;
}
CLI::App* Grammar::timeout(CLI::App* to, const char* description) {
  to->add_option("-t,--timeout", options_->timeout, description);
  return to;
}
CLI::App* Grammar::yes(CLI::App* to) {
  to->add_flag("-y,--yes", options_->yes, "Do not ask");
  return to;
}
CLI::App* Grammar::force(CLI::App* to, const char* description) {
  to->add_flag("--force", options_->force, description);
  return to;
}
CLI::App* Grammar::format(CLI::App* to, std::vector<std::string> formats) {
  std::string description = formats.front() + " (the default)";
  for (std::size_t i = 1; i < formats.size(); ++i) description += ", " + formats[i];
  to->add_option("--format", options_->format, description)
      ->check(CLI::IsMember(std::move(formats)))
      ->type_name("FORMAT");
  return to;
}
CLI::App* Grammar::version(CLI::App* to, const char* description) {
  to->add_option("--version", options_->version, description)->check(CLI::NonNegativeNumber);
  return to;
}

}  // namespace redan::cmd
