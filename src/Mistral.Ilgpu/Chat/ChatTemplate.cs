using Mistral.Ilgpu.Constraints;
using Mistral.Ilgpu.Constraints.Calls;
using Mistral.Ilgpu.Tokenization;

namespace Mistral.Ilgpu.Chat;

/// <summary>
/// Turns a conversation into the ids that Mistral's Instruct models were trained on, as mistral-common does. What a
/// message says is encoded as text alone: nothing in it becomes a control token.
/// </summary>
internal abstract class ChatTemplate
{
    private protected ChatTemplate(TextTokenizer tokenizer)
    {
        Tokenizer = tokenizer;
        if (tokenizer.BosId < 0 || tokenizer.EosId < 0)
            throw new ChatFormatException("a tokenizer without control pieces for start and end, expected both");
    }

    private protected TextTokenizer Tokenizer { get; }

    /// <summary>The format's name.</summary>
    private protected abstract string Version { get; }

    /// <summary>Whether system messages are blocks of their own, where they stand.</summary>
    private protected virtual bool KeepsSystem => false;

    private protected virtual bool AllowsCallsAndContent => false;

    private protected virtual bool SortsResults => false;

    /// <summary>What stands between texts of one message.</summary>
    private protected virtual string PartSeparator => ChatTurns.Separator;

    /// <summary>The template of a version of mistral-common's, of the tokenizer's own if none is named.</summary>
    /// <exception cref="ChatFormatException">The version is not supported, or the tokenizer lacks its control tokens.</exception>
    public static ChatTemplate For(TextTokenizer tokenizer, string? version = null)
    {
        ArgumentNullException.ThrowIfNull(tokenizer);
        version ??= TokenizerVersion.Of(tokenizer);
        return version switch
        {
            "v1" => new ChatTemplateV1(tokenizer),
            "v2" => new ChatTemplateV2(tokenizer),
            "v3" => new ChatTemplateV3(tokenizer),
            "v7" => new ChatTemplateV7(tokenizer),
            "v11" => new ChatTemplateV11(tokenizer),
            "v13" => new ChatTemplateV13(tokenizer),
            "v15" => new ChatTemplateV15(tokenizer),
            _ => throw new ChatFormatException($"chat format '{version}', expected v1, v2, v3, v7, v11, v13 or v15"),
        };
    }

    /// <param name="messages">The conversation, oldest first.</param>
    /// <param name="settings">What the model is told besides.</param>
    /// <exception cref="ChatFormatException">The conversation is empty, its messages are out of order, or the format lacks what
    /// they hold.</exception>
    public IReadOnlyList<int> Encode(IReadOnlyList<Message> messages, ChatSettings? settings = null)
    {
        ArgumentNullException.ThrowIfNull(messages);
        settings ??= ChatSettings.Default;
        ChatTurns.Validate(messages, settings.ContinuesLast, AllowsCallsAndContent);
        var opening = new Opening(
            KeepsSystem ? "" : ChatTurns.JoinSystem(messages, PartSeparator), Told(settings), Effort(settings.ReasoningEffort));
        var turns = ChatTurns.From(messages, KeepsSystem, SortsResults, PartSeparator);
        var first = turns.FindIndex(turn => turn.Role == MessageRole.User);
        var last = turns.FindLastIndex(turn => turn.Role == MessageRole.User);
        List<int> ids = [Tokenizer.BosId];
        for (var i = 0; i < turns.Count; i++)
        {
            var place = new Place(i == first, i == last, i < last, settings.ContinuesLast && i == turns.Count - 1);
            ids.AddRange(turns[i].Role switch
            {
                MessageRole.System => EncodeSystem(turns[i]),
                MessageRole.User => EncodeUser(turns[i], place, opening),
                MessageRole.Assistant => EncodeAssistant(turns[i], place),
                _ => EncodeResult(turns[i], place),
            });
        }

        return ids;
    }

    /// <summary>The form of an answer that may, or must, call functions.</summary>
    /// <param name="tools">What may be called.</param>
    /// <param name="answer">The form of an answer without calls; null for any.</param>
    /// <exception cref="ChatFormatException">The format has no calls.</exception>
    internal virtual CallForm CallsOf(
        IReadOnlyList<CallTool> tools, bool isRequired, bool isParallel, ConstraintSource? answer) =>
        throw new ChatFormatException($"tools, which chat format {Version} does not have");

    private protected virtual IEnumerable<int> EncodeSystem(Message turn) =>
        throw new InvalidOperationException("system messages are part of others in this format");

    private protected abstract IEnumerable<int> EncodeUser(Message turn, Place place, Opening opening);

    internal abstract IEnumerable<int> EncodeAssistant(Message turn, Place place);

    private protected abstract IEnumerable<int> EncodeResult(Message turn, Place place);

    /// <summary>The reasoning effort to write; null for none.</summary>
    private protected virtual string? Effort(string? asked) => asked is null
        ? null
        : throw new ChatFormatException($"reasoning effort '{asked}', which chat format {Version} does not have")
        {
            Field = "reasoning_effort",
        };

    private protected IReadOnlyList<int> Text(string text) => Tokenizer.EncodeToIds(text);

    private protected int Control(string piece) => Tokenizer.FindControl(piece) is >= 0 and var id
        ? id
        : throw new ChatFormatException($"a tokenizer without the control token {piece}, which this chat format needs");

    private static IReadOnlyList<ToolDefinition> Told(ChatSettings settings) => settings.ToolChoice switch
    {
        "none" => [],
        "auto" => settings.Tools,
        "required" when settings.Tools.Count > 0 => settings.Tools,
        var choice when settings.Tools.Any(tool => tool.Name == choice) => settings.Tools,
        var choice => throw new ChatFormatException(
            $"tool choice '{choice}', expected auto, none"
            + (settings.Tools.Count > 0 ? ", required or the name of a tool" : ", or tools"))
        {
            Field = "tool_choice",
        },
    };

    /// <summary>What is said once, beside one of the user's turns.</summary>
    /// <param name="System">The system prompt of formats in which it is part of the turn.</param>
    /// <param name="Tools">Functions that the model may call.</param>
    /// <param name="Effort">How much the model is to reason; null where it is not told.</param>
    internal readonly record struct Opening(string System, IReadOnlyList<ToolDefinition> Tools, string? Effort);

    /// <summary>Where a turn stands in its conversation.</summary>
    /// <param name="IsFirstUser">The first of the user's turns.</param>
    /// <param name="IsLastUser">The last of the user's turns.</param>
    /// <param name="IsHistory">Before the last of the user's turns.</param>
    /// <param name="StaysOpen">The model goes on with it.</param>
    internal readonly record struct Place(bool IsFirstUser, bool IsLastUser, bool IsHistory, bool StaysOpen);
}
