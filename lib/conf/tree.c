/*
 * Recursive descent over the text. After an error the rest of its line is passed over, so that every line is looked at
 * once and one mistake is told once.
 */
#include "conf/tree.h"

#include <errno.h>
#include <string.h>

struct parser {
    const char *text;
    size_t len, at;
    unsigned line;
    struct arena *arena;
    struct conf_errors *errors;
    bool no_memory;
};

static bool at_end(const struct parser *parser)
{
    return parser->at == parser->len;
}

static char here(const struct parser *parser)
{
    if (at_end(parser))
        return '\0';
    return parser->text[parser->at];
}

static bool is_word(char c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || (c && strchr("._:/+-", c));
}

static void skip_line(struct parser *parser)
{
    while (!at_end(parser) && here(parser) != '\n')
        parser->at++;
}

static void skip_blanks(struct parser *parser)
{
    while (here(parser) == ' ' || here(parser) == '\t')
        parser->at++;
}

/* Comments and ends of lines too. */
static void skip_space(struct parser *parser)
{
    while (!at_end(parser)) {
        char c = here(parser);
        if (c == '#') {
            skip_line(parser);
        } else if (c == ' ' || c == '\t' || c == '\r' || c == '\n') {
            parser->line += c == '\n';
            parser->at++;
        } else {
            return;
        }
    }
}

/* What stands here, for an error: "'}'", "the end of the file". */
static const char *name_here(const struct parser *parser, char name[static 24])
{
    if (at_end(parser))
        return "the end of the file";
    char c = here(parser);
    if (c == '\n')
        return "the end of the line";
    if (c > ' ' && c < 127) {
        memcpy(name, (char[]){'\'', c, '\'', '\0'}, 4);
        return name;
    }
    return c == ' ' || c == '\t' ? "a space" : "a character that is not printable ASCII";
}

static int wrong(struct parser *parser, const char *expected)
{
    char name[24];

    conf_wrong(parser->errors, parser->line, "expected %s, found %s", expected, name_here(parser, name));
    skip_line(parser);
    return -EINVAL;
}

static int no_memory(struct parser *parser)
{
    parser->no_memory = true;
    return -ENOMEM;
}

static int read_word(struct parser *parser, const char *expected, const char **word)
{
    size_t start = parser->at;

    while (is_word(here(parser)))
        parser->at++;
    if (parser->at == start)
        return wrong(parser, expected);
    *word = arena_text(parser->arena, parser->text + start, parser->at - start);
    return *word ? 0 : no_memory(parser);
}

static int read_string(struct parser *parser, const char **string)
{
    size_t len = 0;
    char *copy;

    parser->at++;
    size_t start = parser->at, end = start;
    while (end < parser->len && parser->text[end] != '"' && parser->text[end] != '\n')
        end += parser->text[end] == '\\' && end + 1 < parser->len && parser->text[end + 1] != '\n' ? 2 : 1;
    if (!(copy = arena_get(parser->arena, end - start + 1)))
        return no_memory(parser);
    while (!at_end(parser) && here(parser) != '"') {
        unsigned char c = (unsigned char)here(parser);
        if (c == '\\') {
            parser->at++;
            c = (unsigned char)here(parser);
            if (c != '"' && c != '\\')
                return wrong(parser, "'\"' or '\\' behind a backslash");
        } else if (c < ' ' || c == 127) {
            return wrong(parser, "'\"' at the end of the string");
        }
        copy[len++] = (char)c;
        parser->at++;
    }
    if (at_end(parser))
        return wrong(parser, "'\"' at the end of the string");
    copy[len] = '\0';
    parser->at++;
    *string = copy;
    return 0;
}

static int read_value(struct parser *parser, struct conf_node *node)
{
    struct conf_value *value = arena_append(parser->arena, &node->values, &node->value_count, sizeof(*node->values));

    if (!value)
        return no_memory(parser);
    value->line = parser->line;
    value->text = "";
    return here(parser) == '"' ? read_string(parser, &value->text)
                               : read_word(parser, "a value: a string in quotation marks, or a word", &value->text);
}

static int read_list(struct parser *parser, struct conf_node *node)
{
    node->is_list = true;
    parser->at++;
    for (;;) {
        skip_space(parser);
        if (here(parser) == ']')
            break;
        int error = read_value(parser, node);
        if (error)
            return error;
        skip_space(parser);
        if (here(parser) == ',')
            parser->at++;
        else if (here(parser) != ']')
            return wrong(parser, "',' or ']' behind a value of a list");
    }
    parser->at++;
    return 0;
}

static void read_statements(struct parser *parser, struct conf_node *block, unsigned depth);

static int read_block(struct parser *parser, struct conf_node *node, unsigned depth)
{
    node->is_block = true;
    if (depth == CONF_DEPTH_MAX)
        return wrong(parser, "fewer blocks within blocks: 8 at most");
    parser->at++;
    read_statements(parser, node, depth + 1);
    if (here(parser) == '}') {
        parser->at++;
        return 0;
    }
    return conf_wrong(parser->errors, node->line, "expected '}' at the end of this block, found the end of the file");
}

/* What stands behind a name may stand in the next line, if that is '=' or '{'; otherwise it is missing in this one. */
static void skip_to_sign(struct parser *parser)
{
    struct parser before = *parser;

    skip_space(parser);
    if (parser->line != before.line && here(parser) != '=' && here(parser) != '{') {
        parser->at = before.at;
        parser->line = before.line;
        skip_blanks(parser);
    }
}

static int read_statement(struct parser *parser, struct conf_node *node, unsigned depth)
{
    node->line = parser->line;
    node->key = "";
    int error = read_word(parser, "the name of a setting or block", &node->key);
    if (error)
        return error;
    skip_to_sign(parser);
    if (here(parser) == '=') {
        parser->at++;
        skip_blanks(parser);
        return here(parser) == '[' ? read_list(parser, node) : read_value(parser, node);
    }
    if (here(parser) == '"')
        error = read_string(parser, &node->label);
    else if (is_word(here(parser)))
        error = read_word(parser, "a label", &node->label);
    if (error)
        return error;
    skip_to_sign(parser);
    if (here(parser) == '{')
        return read_block(parser, node, depth);
    return wrong(parser, node->label ? "'{' behind the label" : "'=' or '{' or a label behind the name");
}

/* To the closing brace, which is left there, or to the end. */
static void read_statements(struct parser *parser, struct conf_node *block, unsigned depth)
{
    while (!parser->no_memory) {
        struct conf_node node = {0};
        skip_space(parser);
        if (at_end(parser))
            return;
        if (here(parser) == '}') {
            if (depth)
                return;
            wrong(parser, "the name of a setting or block");
            continue;
        }
        if (here(parser) == ';') { /* some people end their lines so */
            parser->at++;
            continue;
        }
        if (read_statement(parser, &node, depth))
            continue;
        struct conf_node *place = arena_append(parser->arena, &block->children, &block->child_count, sizeof(node));
        if (!place)
            no_memory(parser);
        else
            *place = node;
    }
}

int conf_tree_parse(const char *text, size_t len, struct arena *arena, struct conf_node *root,
                    struct conf_errors *errors)
{
    struct parser parser = {.text = text, .len = len, .line = 1, .arena = arena, .errors = errors};
    size_t before = errors->count;

    *root = (struct conf_node){.key = "", .is_block = true};
    if (len > CONF_TEXT_MAX)
        return conf_wrong(errors, 0, "the text is too long: at most %d bytes expected", CONF_TEXT_MAX);
    read_statements(&parser, root, 0);
    if (parser.no_memory)
        return -ENOMEM;
    return errors->count == before ? 0 : -EINVAL;
}
