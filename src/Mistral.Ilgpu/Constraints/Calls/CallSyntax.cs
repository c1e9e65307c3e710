using System.Text.Json;
using System.Text.Json.Nodes;
using Mistral.Ilgpu.Constraints.Json;
using Mistral.Ilgpu.Constraints.Languages;
using Mistral.Ilgpu.Constraints.Machine;

namespace Mistral.Ilgpu.Constraints.Calls;

/// <summary>The form of an answer with calls of functions.</summary>
internal sealed class CallSyntax(CallForm form)
{
    private const string IdPattern = "^[A-Za-z0-9]{9}$";

    private readonly LanguageFactory _factory = new();

    /// <exception cref="ConstraintSyntaxException">A schema of arguments is wrong, or has something unsupported.</exception>
    public FormSequence Make()
    {
        var calls = form.Arguments is { } arguments ? Marked(arguments) : Listed();
        if (form.IsRequired)
        {
            return form.Think is [var think, var end]
                ? new FormSequence(
                    ChoicePart.Of(null, Sequence(new ControlPart(think), new FreePart([]), new ControlPart(end))), calls)
                : calls;
        }

        return form.Answer is { } answer
            ? new FormSequence(ChoicePart.Of(answer.Form(), calls))
            : new FormSequence(new FreePart(form.Think), new FormSequence(ChoicePart.Of(null, calls)));
    }

    // [TOOL_CALLS] [{"name": "f", "arguments": {}}]
    private FormSequence Listed()
    {
        var calls = form.Tools.Select((tool, index) => (JsonNode)new JsonObject
        {
            ["type"] = "object",
            ["properties"] = new JsonObject
            {
                ["name"] = new JsonObject { ["const"] = tool.Name },
                ["arguments"] = SchemaOf(tool, index),
                ["id"] = new JsonObject { ["type"] = "string", ["pattern"] = IdPattern },
            },
            ["required"] = new JsonArray("name", "arguments"),
            ["additionalProperties"] = false,
        });
        var list = new JsonObject
        {
            ["type"] = "array", ["minItems"] = 1, ["items"] = new JsonObject { ["anyOf"] = new JsonArray([.. calls]) },
        };
        if (!form.IsParallel)
        {
            list["maxItems"] = 1;
        }

        return new FormSequence(new ControlPart(form.Calls), new FormSequence(ValueOf(list)));
    }

    // References within the schema are to the schema itself, wherever it stands.
    private static JsonNode SchemaOf(CallTool tool, int index)
    {
        var schema = JsonNode.Parse(tool.Schema)!;
        if (schema is JsonObject members && !members.ContainsKey("$id"))
        {
            members["$id"] = $"schema:/tools/{index}";
        }

        return schema;
    }

    // [TOOL_CALLS] f [ARGS] {} [TOOL_CALLS] g [ARGS] {}
    private FormSequence Marked(int arguments)
    {
        var more = new ChoicePart();
        more.Ways.Add(null);
        var next = form.IsParallel ? new FormSequence(more) : null;
        var tools = ChoicePart.Of([.. form.Tools.Select(tool => new FormSequence(
            Text(_factory.OfText(tool.Name)), IdAnd(new FormSequence(new ControlPart(arguments), Arguments(tool, next)))))]);
        var calls = new FormSequence(new ControlPart(form.Calls), new FormSequence(tools));
        more.Ways.Add(calls);
        return calls;
    }

    private FormSequence IdAnd(FormSequence rest)
    {
        if (form.CallId is not { } mark)
        {
            return rest;
        }

        var letters = _factory.OfRanges([('0', '9'), ('A', 'Z'), ('a', 'z')]);
        var id = Sequence(new ControlPart(mark), Text(_factory.Loop(letters, 9, 9)));
        return new FormSequence(ChoicePart.Of(null, id), rest);
    }

    private static FormSequence? Sequence(params IEnumerable<FormPart> parts) =>
        parts.Reverse().Aggregate((FormSequence?)null, (rest, part) => new FormSequence(part, rest));

    private static FormSequence Arguments(CallTool tool, FormSequence? rest) =>
        new(ValueOf(JsonNode.Parse(tool.Schema)!), rest);

    private LexemePart Text(Language language) =>
        new(new TextLexeme(new TextAutomaton(_factory, _factory.Concat(language, _factory.Ended))));

    private static ValuePart ValueOf(JsonNode schema) => new(new SchemaCompiler(JsonSerializer.SerializeToElement(schema)));
}
