# Reads one JSON document and writes a line "path<TAB>value" for each scalar in it, for example
# "links.0.mtu<TAB>1500". Escapes other than \" \\ and \/ are left as they are.

{ text = text $0 "\n" }

END { position = 1; read_value("") }

function skip_blanks() {
    while (substr(text, position, 1) ~ /[ \t\r\n]/ && position <= length(text)) position++
}

function read_string(    start, character, result) {
    position++
    while (position <= length(text)) {
        character = substr(text, position, 1)
        if (character == "\"") { position++; break }
        if (character == "\\" && substr(text, position + 1, 1) ~ /["\\\/]/) {
            position++
            character = substr(text, position, 1)
        }
        result = result character
        position++
    }
    return result
}

function read_scalar(    start) {
    start = position
    while (substr(text, position, 1) ~ /[-+.0-9A-Za-z]/) position++
    return substr(text, start, position - start)
}

function join_path(path, key) { return path == "" ? key : path "." key }

function read_value(path,    character, before) {
    skip_blanks()
    character = substr(text, position, 1)
    if (character == "{") read_members(path)
    else if (character == "[") read_items(path)
    else if (character == "\"") print path "\t" read_string()
    else print path "\t" read_scalar()
    skip_blanks()
}

function read_members(path,    key) {
    position++
    skip_blanks()
    while (position <= length(text) && substr(text, position, 1) != "}") {
        key = read_string()
        skip_blanks()
        position++
        read_value(join_path(path, key))
        if (substr(text, position, 1) == ",") position++
        skip_blanks()
    }
    position++
}

function read_items(path,    item) {
    position++
    skip_blanks()
    while (position <= length(text) && substr(text, position, 1) != "]") {
        read_value(join_path(path, item + 0))
        item++
        if (substr(text, position, 1) == ",") position++
    }
    position++
}
