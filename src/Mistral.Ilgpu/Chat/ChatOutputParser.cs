using Mistral.Ilgpu.Generation;
using Mistral.Ilgpu.Tokenization;

namespace Mistral.Ilgpu.Chat;

/// <summary>
/// Takes the ids that the model generates, one by one, apart into text, reasoning and calls. Only ids tell these apart:
/// text that spells a control token stays text. A call that cannot be read comes back as text. For one thread.
/// </summary>
/// <remarks>
/// [THINK] a [/THINK] b [TOOL_CALLS] f [ARGS] {} is the reasoning a, the text b and the call f({}).
/// What follows [TOOL_CALLS] may also be a list: [{"name": "f", "arguments": {}}].
/// </remarks>
internal sealed class ChatOutputParser
{
    private readonly TextTokenizer _tokenizer;
    private readonly IReadOnlyList<string> _stops;
    private readonly string? _salt;
    private readonly int _toolCalls;
    private readonly int _callId;
    private readonly int _arguments;
    private readonly int _think;
    private readonly int _endThink;
    private List<ChatPiece> _pieces = [];
    private StreamingDecoder _decoder;
    private StopMatcher _matcher;
    private CallReader? _reader;
    private bool _isReasoning;
    private int _callCount;

    /// <param name="stops">The answer ends before the first of these in its text or its reasoning; calls are not
    /// searched.</param>
    /// <param name="continuesText">Whether the ids go on with a message that the prompt ends with.</param>
    /// <param name="continuesReasoning">Whether the message that the prompt ends with has reasoning that is open.</param>
    /// <param name="salt">If given, calls under way come in parts before they come whole, and ids of calls depend on it, because
    /// they are told before the arguments.</param>
    public ChatOutputParser(
        TextTokenizer tokenizer, IReadOnlyList<string>? stops = null, bool continuesText = false, bool continuesReasoning = false,
        string? salt = null)
    {
        (_tokenizer, _stops, _isReasoning, _salt) = (tokenizer, stops ?? [], continuesReasoning, salt);
        _toolCalls = tokenizer.FindControl("[TOOL_CALLS]");
        _callId = tokenizer.FindControl("[CALL_ID]");
        _arguments = tokenizer.FindControl("[ARGS]");
        _think = tokenizer.FindControl("[THINK]");
        _endThink = tokenizer.FindControl("[/THINK]");
        _decoder = tokenizer.CreateDecoder(continuesText);
        _matcher = new StopMatcher(_stops);
    }

    /// <summary>Whether a stop string was found; nothing more is part of the answer then.</summary>
    public bool IsStopped { get; private set; }

    /// <summary>Ids so far that were taken while the model reasoned, without control tokens.</summary>
    public int ReasoningTokens { get; private set; }

    /// <summary>The pieces that are certain now that <paramref name="id"/> follows.</summary>
    /// <exception cref="ArgumentOutOfRangeException">The id is not in the vocabulary.</exception>
    public IEnumerable<ChatPiece> Append(int id)
    {
        Decoded(_decoder.Append(id));
        if (_tokenizer.IsControl(id)) Control(id);
        else if (_isReasoning) ReasoningTokens++;
        return Take();
    }

    /// <summary>Ends the answer: what was held back comes out.</summary>
    public IEnumerable<ChatPiece> End()
    {
        Decoded(_decoder.Flush());
        EndCalls();
        FlushText();
        return Take();
    }

    private void Control(int id)
    {
        if (id == _toolCalls)
        {
            EndCalls();
            FlushText();
            _isReasoning = false;
            _reader = new CallReader(_tokenizer.IdToPiece(id), _callCount, _salt);
        }
        else if (id == _callId || id == _arguments)
        {
            if (_reader is null) return;
            _reader.Mark(_tokenizer.IdToPiece(id), isArguments: id == _arguments);
            TakeCalls();
        }
        else if (id == _think || id == _endThink)
        {
            EndCalls();
            FlushText();
            _isReasoning = id == _think;
        }
        else
        {
            if (id == _tokenizer.EosId) EndCalls();
            return;
        }

        // What follows was encoded as a text of its own.
        _decoder = _tokenizer.CreateDecoder();
    }

    private void Decoded(string text)
    {
        if (_reader is null)
        {
            Emit(text);
            return;
        }

        _reader.Append(text);
        TakeCalls();
    }

    private void EndCalls()
    {
        _reader?.End();
        TakeCalls();
    }

    private void TakeCalls()
    {
        if (_reader is not { } reader) return;
        var pieces = reader.Take();
        if (!IsStopped) _pieces.AddRange(pieces);
        if (!reader.IsDone) return;
        _callCount += reader.Count;
        _reader = null;
        Emit(reader.Rest);
    }

    private void Emit(string text)
    {
        AddText(_matcher.Append(text));
        IsStopped |= _matcher.IsStopped;
    }

    // A stop string does not reach from text to reasoning, or over a call.
    private void FlushText()
    {
        AddText(_matcher.Flush());
        _matcher = new StopMatcher(_stops);
    }

    private void AddText(string text)
    {
        if (text.Length > 0 && !IsStopped) _pieces.Add(_isReasoning ? new("", text, null) : new(text, "", null));
    }

    private List<ChatPiece> Take()
    {
        if (_pieces.Count == 0) return [];
        var pieces = _pieces;
        _pieces = [];
        return pieces;
    }
}
