using Mistral.Ilgpu.Generation;
using Mistral.Ilgpu.Tokenization;

namespace Mistral.Ilgpu.Server.Answers;

/// <summary>Ends reasoning after so many tokens of an answer, and has no more begin.</summary>
/// <example>With 2 tokens, [THINK] a b c … is [THINK] a b [/THINK] …; with none there is no [THINK].</example>
internal sealed class ThinkingLimit : ILogitProcessor
{
    private readonly int _tokens;
    private readonly int _think;
    private readonly int _endThink;
    private readonly int _toolCalls;

    private ThinkingLimit(TextTokenizer tokenizer, int tokens)
    {
        _tokens = tokens;
        _think = tokenizer.FindControl("[THINK]");
        _endThink = tokenizer.FindControl("[/THINK]");
        _toolCalls = tokenizer.FindControl("[TOOL_CALLS]");
    }

    /// <returns>Null where the model's format has no reasoning, which no limit is needed for.</returns>
    public static ThinkingLimit? Of(TextTokenizer tokenizer, int tokens) =>
        new ThinkingLimit(tokenizer, tokens) is { _think: >= 0, _endThink: >= 0 } limit ? limit : null;

    public void Process(ReadOnlySpan<int> ids, int promptLength, Span<float> logits)
    {
        int used = 0;
        bool isOpen = false;
        foreach (int id in ids[promptLength..])
        {
            isOpen = id == _think || (isOpen && id != _endThink && id != _toolCalls);
            used += isOpen && id != _think ? 1 : 0;
        }

        if (used < _tokens)
        {
            return;
        }

        if (isOpen)
        {
            logits.Fill(float.NegativeInfinity);
            logits[_endThink] = 0;
        }
        else
        {
            logits[_think] = float.NegativeInfinity;
        }
    }
}
