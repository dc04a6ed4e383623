# Turns the help of a command into its manual page: awk -v name=stepwell-why -v version=0.1.0 -f deploy/manual.awk
#
# What it reads is what `stepwell help COMMAND` prints in any width: OVERVIEW, USAGE, and lists of arguments and options.

function plain(text) { # what roff would take for its own
    gsub(/\\/, "\\e", text)
    gsub(/-/, "\\-", text)
    if (text ~ /^[.']/) text = "\\\\&" text
    gsub(/\\\\&/, "\\\\\\&", text)
    return text
}
function emit(text) { body = body text "\n" }
function leave() { if (example) { emit(".fi\n.RE"); example = 0 } }

/^OVERVIEW: / { section = "overview"; summary = substr($0, 11); next }
/^USAGE: / { leave(); section = "usage"; usage = substr($0, 8); next }
section == "overview" {
    if ($0 == "") { section = "description"; next }
    summary = summary " " $0
    next
}
section == "usage" {
    if ($0 == "") section = ""
    else { sub(/^ +/, ""); usage = usage " " $0 }
    next
}
/^[A-Z][A-Z ]*:$/ || (section != "description" && /^[A-Z].*:$/) {
    leave()
    section = "list"
    emit(".SH " toupper(plain(substr($0, 1, length($0) - 1))))
    next
}
section == "description" {
    if ($0 == "") { leave(); emit(".PP"); next }
    if (/^  / && !example) { example = 1; emit(".RS\n.nf") }
    if (!/^  /) leave()
    sub(/^ +/, "")
    emit(plain($0))
    next
}
$0 == "" { next }
/^  [^ ]/ { # an entry, its explanation behind it or in the next lines
    text = substr($0, 3)
    at = match(text, /   */)
    emit(".TP\n.B " plain(at ? substr(text, 1, at - 1) : text))
    if (at) { sub(/^ +/, "", text); rest = substr(text, at); sub(/^ +/, "", rest); emit(plain(rest)) }
    next
}
{ sub(/^ +/, ""); emit(plain($0)) }

END {
    leave()
    printf ".TH %s 1 \"\" \"stepwell %s\" \"User Commands\"\n", toupper(plain(name)), version
    sub(/\.$/, "", summary)
    printf ".SH NAME\n%s \\- %s\n.SH SYNOPSIS\n%s\n.SH DESCRIPTION\n%s", name, plain(summary), plain(usage), body
    print ".SH SEE ALSO\n" (name == "stepwell" ? ".BR stepwell\\-COMMAND (1)" : ".BR stepwell (1)")
}
