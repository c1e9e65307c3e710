using System.Text;
using System.Text.Json;

namespace Mistral.Ilgpu.Chat;

/// <summary>
/// What is certain of a call before it is whole: its name, its id if the model gives one before the arguments, and the arguments
/// so far, where they are an object.
/// </summary>
internal sealed class CallProgress
{
    private readonly JsonPrefix _json = new();
    private readonly StringBuilder _arguments = new();
    private readonly StringBuilder _string = new();
    private readonly HashSet<string> _seen = [];

    // Depth of the object of arguments: 1 behind [ARGS], 2 within an object of the call.
    private readonly int _depth;
    private string _member = "";
    private bool _isCapturing;
    private bool _isBroken;

    /// <summary>A call in a list of objects.</summary>
    public CallProgress() => _depth = 2;

    /// <summary>A call whose name was written before its arguments.</summary>
    public CallProgress(string name, string? id) => (Name, Id, _depth) = (name, id, 1);

    public string? Name { get; private set; }

    public string? Id { get; private set; }

    /// <summary>The arguments as the model writes them, from a place on.</summary>
    public string ArgumentsFrom(int start) => _arguments.ToString(start, _arguments.Length - start);

    /// <summary>Whether others may be told. Only what follows the bracket tells an object from text.</summary>
    public bool IsCertain { get; private set; }

    public void Append(char character)
    {
        if (_isBroken) return;
        var (depth, expected, wasInString) = (_json.Depth, _json.Expected, _json.IsInString);
        if (!_json.Append(character))
        {
            _isBroken = true;
            return;
        }

        if (_isCapturing)
        {
            _arguments.Append(character);
            _isCapturing = _json.Depth >= _depth;
        }
        else if (depth == _depth - 1 && character == '{' && !wasInString && IsArguments())
        {
            _isCapturing = true;
            _arguments.Append(character);
            return;
        }
        else if (depth == 1 && _depth == 2)
        {
            AppendMember(character, expected, wasInString);
        }

        IsCertain |= !string.IsNullOrWhiteSpace(Name) && _arguments.Length > 1 && !char.IsWhiteSpace(_arguments[^1]);
    }

    // The first member of a name is the one that counts.
    private bool IsArguments() => _depth == 1 ? _arguments.Length == 0 : _member == "arguments" && _seen.Add(_member);

    private void AppendMember(char character, JsonPrefix.Expectation expected, bool wasInString)
    {
        if (wasInString && _json.IsInString)
        {
            _string.Append(character);
        }
        else if (wasInString)
        {
            EndString(expected is JsonPrefix.Expectation.Name or JsonPrefix.Expectation.FirstName);
        }
        else if (_json.IsInString)
        {
            _string.Clear();
        }
        else if (expected == JsonPrefix.Expectation.Value && !char.IsWhiteSpace(character))
        {
            // A value that is no string: it counts as the member's.
            _seen.Add(_member);
        }
    }

    private void EndString(bool isName)
    {
        string? text = Unescape(_string.ToString());
        if (isName)
        {
            _member = text ?? "";
        }
        else if (_seen.Add(_member))
        {
            if (_member == "name") Name = text?.Trim();
            else if (_member == "id") Id = text?.Trim();
        }
    }

    private static string? Unescape(string raw)
    {
        try
        {
            return JsonElement.Parse($"\"{raw}\"").GetString();
        }
        // Half of a surrogate pair parses but cannot be had as text.
        catch (Exception exception) when (exception is JsonException or InvalidOperationException)
        {
            return null;
        }
    }
}
