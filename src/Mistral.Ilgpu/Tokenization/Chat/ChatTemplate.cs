namespace Mistral.Ilgpu.Tokenization;

/// <summary>
/// Turns a conversation into the ids that Mistral's Instruct models were trained on, as mistral-common does. What a
/// message says is encoded as text alone: nothing in it becomes a control token.
/// </summary>
public abstract class ChatTemplate
{
    private protected ChatTemplate(TextTokenizer tokenizer)
    {
        Tokenizer = tokenizer;
        if (tokenizer.BosId < 0 || tokenizer.EosId < 0)
            throw new ChatFormatException("a tokenizer without control pieces for start and end, expected both");
    }

    private protected TextTokenizer Tokenizer { get; }

    /// <summary>Whether system messages are blocks of their own, where they stand.</summary>
    private protected virtual bool KeepsSystem => false;

    private protected virtual bool AllowsCallsAndContent => false;

    private protected virtual bool SortsResults => false;

    /// <summary>The template of a version of mistral-common's, of the tokenizer's own if none is named.</summary>
    /// <exception cref="ChatFormatException">The version is not supported, or the tokenizer lacks its control tokens.</exception>
    public static ChatTemplate For(TextTokenizer tokenizer, string? version = null)
    {
        ArgumentNullException.ThrowIfNull(tokenizer);
        version ??= VersionOf(tokenizer);
        return version switch
        {
            "v1" => new ChatTemplateV1(tokenizer),
            "v2" => new ChatTemplateV2(tokenizer),
            "v3" => new ChatTemplateV3(tokenizer),
            "v7" => new ChatTemplateV7(tokenizer),
            "v11" => new ChatTemplateV11(tokenizer),
            "v13" => new ChatTemplateV13(tokenizer),
            _ => throw new ChatFormatException($"chat format '{version}', expected v1, v2, v3, v7, v11 or v13"),
        };
    }

    /// <summary>Which version a tokenizer was made for: the one its file names, else its control tokens tell.</summary>
    public static string VersionOf(TextTokenizer tokenizer)
    {
        ArgumentNullException.ThrowIfNull(tokenizer);
        return tokenizer.DeclaredVersion ?? VersionOf(control => tokenizer.FindControl(control) >= 0);
    }

    /// <param name="messages">The conversation, oldest first.</param>
    /// <param name="tools">Functions that the model may call.</param>
    /// <param name="continuesLast">Whether the last message, of the assistant, is left open for the model to go on with.</param>
    /// <exception cref="ChatFormatException">The conversation is empty, its messages are out of order, or the format lacks what
    /// they hold.</exception>
    public IReadOnlyList<int> Encode(
        IReadOnlyList<ChatMessage> messages, bool continuesLast = false, IReadOnlyList<ToolDefinition>? tools = null)
    {
        ArgumentNullException.ThrowIfNull(messages);
        ChatTurns.Validate(messages, continuesLast, AllowsCallsAndContent);
        var system = KeepsSystem ? "" : ChatTurns.JoinTexts(messages.Where(message => message.Role == ChatRole.System));
        var turns = ChatTurns.From(messages, KeepsSystem, SortsResults);
        var first = turns.FindIndex(turn => turn.Role == ChatRole.User);
        var last = turns.FindLastIndex(turn => turn.Role == ChatRole.User);
        List<int> ids = [Tokenizer.BosId];
        for (var i = 0; i < turns.Count; i++)
        {
            var place = new Place(i == first, i == last, i < last, continuesLast && i == turns.Count - 1);
            ids.AddRange(turns[i].Role switch
            {
                ChatRole.System => EncodeSystem(turns[i]),
                ChatRole.User => EncodeUser(turns[i], place, system, tools ?? []),
                ChatRole.Assistant => EncodeAssistant(turns[i], place),
                _ => EncodeResult(turns[i], place),
            });
        }

        return ids;
    }

    /// <summary>Which version has these control tokens.</summary>
    internal static string VersionOf(Func<string, bool> has) =>
        has("[ARGS]") ? has("[THINK]") ? "v13" : "v11"
        : has("[SYSTEM_PROMPT]") ? "v7"
        : has("[PREFIX]") ? "v3"
        : has("[INST]") ? "v2" : "v1";

    private protected virtual IEnumerable<int> EncodeSystem(ChatMessage turn) =>
        throw new InvalidOperationException("system messages are part of others in this format");

    private protected abstract IEnumerable<int> EncodeUser(
        ChatMessage turn, Place place, string system, IReadOnlyList<ToolDefinition> tools);

    internal abstract IEnumerable<int> EncodeAssistant(ChatMessage turn, Place place);

    private protected abstract IEnumerable<int> EncodeResult(ChatMessage turn, Place place);

    private protected IReadOnlyList<int> Text(string text) => Tokenizer.EncodeToIds(text);

    private protected int Control(string piece) => Tokenizer.FindControl(piece) is >= 0 and var id
        ? id
        : throw new ChatFormatException($"a tokenizer without the control token {piece}, which this chat format needs");

    /// <summary>Where a turn stands in its conversation.</summary>
    /// <param name="IsFirstUser">The first of the user's turns.</param>
    /// <param name="IsLastUser">The last of the user's turns.</param>
    /// <param name="IsHistory">Before the last of the user's turns.</param>
    /// <param name="StaysOpen">The model goes on with it.</param>
    internal readonly record struct Place(bool IsFirstUser, bool IsLastUser, bool IsHistory, bool StaysOpen);
}
