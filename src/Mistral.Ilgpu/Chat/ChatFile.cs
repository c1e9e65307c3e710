using System.Globalization;
using System.Text;
using System.Text.Json;

namespace Mistral.Ilgpu.Chat;

/// <summary>Reads a conversation from an object as OpenAI's and Mistral's APIs take it.</summary>
/// <remarks>What does not concern the conversation, such as <c>model</c> or <c>temperature</c>, is for others to read.</remarks>
internal static class ChatFile
{
    private static readonly JsonElement NoParameters = JsonElement.Parse("{}");

    /// <exception cref="ModelFileException">The file is missing or no conversation.</exception>
    public static ChatRequest Read(string path)
    {
        var strict = new UTF8Encoding(encoderShouldEmitUTF8Identifier: false, throwOnInvalidBytes: true);
        string json = DataFile.Read(path, file => File.ReadAllText(file, strict));
        return Parse(Encoding.UTF8.GetBytes(json), path);
    }

    /// <param name="source">Names where the JSON comes from in errors. If empty, errors name places as
    /// <c>messages[0]</c>.</param>
    /// <exception cref="ModelFileException">The JSON is damaged or no conversation.</exception>
    public static ChatRequest Parse(ReadOnlyMemory<byte> json, string source) =>
        Parse(JsonFields.ParseRoot(json, source), source);

    /// <inheritdoc cref="Parse(ReadOnlyMemory{byte}, string)"/>
    public static ChatRequest Parse(JsonElement root, string source)
    {
        var fields = new JsonFields(root, source);
        var messages = List(fields, "messages");
        if (messages.Count == 0) throw fields.Error("messages", "none", "a list of at least one message");
        return new ChatRequest(
            [.. messages.Select((message, index) => ChatFileMessage.Read(message, At(source, "message", index)))],
            new ChatSettings
            {
                Tools = [.. List(fields, "tools").Select((tool, index) => Tool(tool, At(source, "tool", index)))],
                ToolChoice = ToolChoice(fields, source),
                AllowsParallelCalls = fields.Find("parallel_tool_calls") is null || fields.Flag("parallel_tool_calls"),
                ReasoningEffort = fields.Text("reasoning_effort"),
                ContinuesLast = fields.Flag("continue_final_message"),
            });
    }

    /// <summary>The elements of a list; none where there is no list.</summary>
    public static IReadOnlyList<JsonElement> List(JsonFields fields, string name) => fields.Find(name) switch
    {
        null => [],
        { ValueKind: JsonValueKind.Array } list => [.. list.EnumerateArray()],
        var value => throw fields.Error(name, value.Value, "a list"),
    };

    /// <summary>The function of a tool or of a call.</summary>
    public static (JsonFields Fields, string Name) Function(JsonElement holder, string where)
    {
        var outer = new JsonFields(holder, where);
        if (outer.Text("type") is { } type and not "function") throw outer.Error("type", $"'{type}'", "function");
        var function = outer.Object("function") ?? throw outer.Error("function", "nothing", "an object");
        return (function, function.Text("name") ?? throw function.Error("name", "nothing", "the function's name"));
    }

    private static ToolDefinition Tool(JsonElement tool, string where)
    {
        var (function, name) = Function(tool, where);
        return new ToolDefinition(name, function.Text("description") ?? "", function.Find("parameters") ?? NoParameters)
        {
            IsStrict = function.Flag("strict"),
        };
    }

    // A name, or the object that asks for a call of one function.
    private static string ToolChoice(JsonFields fields, string source) =>
        fields.Find("tool_choice") is { ValueKind: JsonValueKind.Object } choice
            ? Function(choice, source.Length == 0 ? "tool_choice" : $"{source}: tool_choice").Name
            // Mistral's API has a word of its own.
            : fields.Text("tool_choice") is "any" ? "required"
            : fields.Text("tool_choice") ?? "auto";

    private static string At(string source, string what, int index) => source.Length == 0
        ? string.Create(CultureInfo.InvariantCulture, $"{what}s[{index}]")
        : string.Create(CultureInfo.InvariantCulture, $"{source}, {what} {index}");
}
