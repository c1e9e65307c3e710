using System.Text;
using System.Text.Json;

namespace Mistral.Ilgpu.Chat;

/// <summary>
/// Reads what follows [TOOL_CALLS]: either a list of objects in JSON, or a name, perhaps an id, and arguments in JSON, told
/// apart by their first character. What turns out to be no call is left as text.
/// </summary>
/// <param name="start">The control token that the calls begin with.</param>
/// <param name="index">How many calls the answer has before these.</param>
/// <param name="salt">Tells ids of calls under way from those of other answers; null where such calls are not told.</param>
internal sealed class CallReader(string start, int index, string? salt = null)
{
    private readonly StringBuilder _raw = new(start);
    private readonly StringBuilder _name = new();
    private readonly StringBuilder _id = new();
    private readonly StringBuilder _value = new();
    private List<ChatPiece> _pieces = [];
    private JsonExtent _extent;
    private Part _part = Part.Name;
    private bool _hasText;
    private CallProgress? _progress;
    private CallPart? _told;
    private int _toldArguments;

    private enum Part
    {
        Name,
        Id,
        Arguments,
        Object,
        BetweenObjects,
        Behind,
        Done,
    }

    /// <summary>Calls that are complete, or were told in parts.</summary>
    public int Count { get; private set; }

    /// <summary>Whether no more calls can follow.</summary>
    public bool IsDone => _part == Part.Done;

    /// <summary>Text that is part of no call: what could not be read as one, or what comes behind the last. Set once
    /// <see cref="IsDone"/>.</summary>
    public string Rest { get; private set; } = "";

    public void Append(string text)
    {
        for (int i = 0; i < text.Length && !IsDone; i++)
        {
            Append(text[i]);
            if (IsDone) Rest += text[(i + 1)..];
        }

        if (_progress is { IsCertain: true }) Tell(_progress.Name!, _progress.Id, _progress.ArgumentsFrom(_toldArguments));
    }

    /// <summary>What was read since this was called last: calls, and parts of calls if those are told.</summary>
    public IEnumerable<ChatPiece> Take()
    {
        var pieces = _pieces;
        if (pieces.Count > 0) _pieces = [];
        return pieces;
    }

    /// <summary>A control token that stands within a call: [CALL_ID] or [ARGS].</summary>
    public void Mark(string control, bool isArguments)
    {
        if (_part is Part.Behind or Part.Done) return;
        bool isExpected = (_part == Part.Name && !IsBlank(_name)) || (_part == Part.Id && isArguments);
        _raw.Append(control);
        if (isExpected) _part = isArguments ? Part.Arguments : Part.Id;
        else Break();
        if (_part == Part.Arguments && salt is not null) _progress = new CallProgress(_name.ToString().Trim(), _id.ToString());
    }

    /// <summary>Nothing more follows.</summary>
    public void End()
    {
        if (IsDone) return;
        // A number or a word of JSON has no end before this one.
        if (_part == Part.Arguments && !IsBlank(_value)) ReadArguments();
        else if (_part == Part.BetweenObjects && Count > 0 && _raw.ToString().All(IsSeparator)) _raw.Clear();
        if (_part != Part.Behind) Break();
        _part = Part.Done;
    }

    private void Append(char character)
    {
        bool isBlank = char.IsWhiteSpace(character);
        if (_part == Part.Behind)
        {
            if (isBlank) return;
            (_part, Rest) = (Part.Done, character.ToString());
            return;
        }

        _raw.Append(character);
        _hasText = true;
        switch (_part)
        {
            case Part.Name when character == '[' && IsBlank(_name):
                _part = Part.BetweenObjects;
                break;
            case Part.Name:
                _name.Append(character);
                break;
            case Part.Id:
                _id.Append(character);
                break;
            case Part.BetweenObjects:
                AppendBetween(character);
                break;
            default:
                _value.Append(character);
                _progress?.Append(character);
                if (!_extent.EndsWith(character)) break;
                if (_part == Part.Object) ReadObject();
                else ReadArguments();
                break;
        }
    }

    private void AppendBetween(char character)
    {
        if (character == '{')
        {
            _part = Part.Object;
            _progress = salt is null ? null : new CallProgress();
            _progress?.Append(character);
            _value.Append(character);
            _extent.EndsWith(character);
        }
        else if (character == ']' && Count > 0)
        {
            Complete(Part.Behind);
        }
        else if (!IsSeparator(character))
        {
            Break();
        }
    }

    private void ReadObject() => Add(Read(_value.ToString(), Call), Part.BetweenObjects);

    private void ReadArguments() => Add(
        Read(_value.ToString(), value => new ToolCall(_name.ToString(), Json(value), _id.ToString())), Part.Behind);

    private void Add(ToolCall? call, Part next)
    {
        if (call?.Name.Trim() is not { Length: > 0 } name)
        {
            Break();
            return;
        }

        string arguments = call.Arguments;
        if (salt is not null) Tell(name, call.Id, arguments[_toldArguments..]);
        // A call that was told keeps its id, even if the model gives another behind the arguments.
        string id = _told?.Id ?? IdOf(call.Id) ?? CallId.Of(index + Count, name, arguments);
        _pieces.Add(new ChatPiece("", "", new ToolCall(name, arguments, id)));
        Count++;
        Complete(next);
    }

    private void Tell(string name, string? id, string arguments)
    {
        if (_told is not null && arguments.Length == 0) return;
        bool isFirst = _told is null;
        _told ??= new CallPart(index + Count, IdOf(id) ?? CallId.Of(index + Count, name, salt!), name, "");
        var part = isFirst ? _told.Value with { Arguments = arguments } : new CallPart(index + Count, null, null, arguments);
        _pieces.Add(new ChatPiece("", "", null) { Part = part });
        _toldArguments += arguments.Length;
    }

    private void Complete(Part next)
    {
        _part = next;
        (_progress, _told, _toldArguments) = (null, null, 0);
        _extent = default;
        _raw.Clear();
        _value.Clear();
    }

    /// <summary>Leaves what was read, and is no call, as text.</summary>
    private void Break()
    {
        Rest = _hasText ? _raw.ToString() : "";
        // A call that was told keeps its place, so that the next one is not taken for it.
        Count += _told is null ? 0 : 1;
        (_progress, _told) = (null, null);
        _part = Part.Done;
    }

    private static string? IdOf(string? id) => id?.Trim() is { Length: > 0 } given and not "null" ? given : null;

    private static ToolCall? Call(JsonElement value) =>
        value.ValueKind == JsonValueKind.Object && Text(value, "name") is { } name && Member(value, "arguments") is { } arguments
            ? new ToolCall(name, Json(arguments), Text(value, "id"))
            : null;

    // The first of that name, because it may have been told already.
    private static JsonElement? Member(JsonElement holder, string name)
    {
        foreach (var member in holder.EnumerateObject())
        {
            if (member.NameEquals(name)) return member.Value;
        }

        return null;
    }

    // Some models write the object of arguments as a string.
    private static string Json(JsonElement arguments) => arguments.ValueKind == JsonValueKind.String
        ? Read(arguments.GetString()!, inner => inner.ValueKind == JsonValueKind.Object ? inner.GetRawText() : null)
            ?? arguments.GetRawText()
        : arguments.GetRawText();

    private static string? Text(JsonElement holder, string name) =>
        Member(holder, name) is { ValueKind: JsonValueKind.String } value ? value.GetString() : null;

    private static T? Read<T>(string json, Func<JsonElement, T?> read)
        where T : class
    {
        try
        {
            using var document = JsonDocument.Parse(json);
            return read(document.RootElement);
        }
        // Half of a surrogate pair in a string parses but cannot be had as text.
        catch (Exception exception) when (exception is JsonException or InvalidOperationException)
        {
            return null;
        }
    }

    private static bool IsSeparator(char character) => character == ',' || char.IsWhiteSpace(character);

    private static bool IsBlank(StringBuilder text)
    {
        foreach (var chunk in text.GetChunks())
        {
            if (!chunk.Span.IsWhiteSpace()) return false;
        }

        return true;
    }
}
