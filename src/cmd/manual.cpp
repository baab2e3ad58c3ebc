#include "cmd/manual.hpp"

#include <algorithm>
#include <cctype>

namespace redan::cmd {
namespace {

/// Text as it is: nothing in it is a command of roff.
std::string escaped(const std::string& text) {
  std::string out;
  for (std::size_t i = 0; i < text.size(); ++i) {
    const bool begins_line = i == 0 || text[i - 1] == '\n';
    if (begins_line && (text[i] == '.' || text[i] == '\'')) out += "\\&";
    if (text[i] == '\\') {
      out += "\\e";
    } else if (text[i] == '-') {
      out += "\\-";
    } else {
      out += text[i];
    }
  }
  return out;
}

std::string first_line(const std::string& text) { return text.substr(0, text.find('\n')); }

/// What --help prints, line by line. App::help() would print that of the command that is running.
std::string as_printed(const CLI::App& app, const std::string& place) {
  return ".nf\n" + escaped(app.get_formatter()->make_help(&app, place, CLI::AppFormatMode::Normal)) + "\n.fi\n";
}

std::string upper(std::string text) {
  std::ranges::transform(text, text.begin(), [](unsigned char c) { return static_cast<char>(std::toupper(c)); });
  return text;
}

void add_commands(const CLI::App& app, const std::string& place, std::string& page) {
  for (const CLI::App* child : app.get_subcommands(nullptr)) {
    if (child->get_group().empty() || child->get_name().empty()) continue;
    const std::string name = place + " " + child->get_name();
    page += ".SH " + escaped(upper(name)) + "\n" + as_printed(*child, name);
    add_commands(*child, name, page);
  }
}

}  // namespace

std::string manual(const CLI::App& program, const std::string& version) {
  const std::string path = program.get_name();
  const std::string name = path.substr(path.rfind('/') + 1);
  std::string page = ".TH " + upper(name) + " 1 \"\" \"" + escaped(name + " " + version) + "\"\n.SH NAME\n" + name +
                     " \\- " + escaped(first_line(program.get_description())) + "\n.SH DESCRIPTION\n" +
                     as_printed(program, name);
  add_commands(program, name, page);
  return page;
}

}  // namespace redan::cmd
