using Mistral.Ilgpu.Generation;

namespace Mistral.Ilgpu.Tests.ExtensionsAI;

/// <summary>Has a model choose the tokens of a script, one after the other. Behind the script it chooses itself.</summary>
internal sealed class ScriptedAnswer(IReadOnlyList<int> script) : ILogitProcessor
{
    /// <summary>Is called with the number of tokens chosen so far.</summary>
    public Action<int>? OnToken { get; init; }

    public void Process(ReadOnlySpan<int> ids, int promptLength, Span<float> logits)
    {
        int count = ids.Length - promptLength;
        OnToken?.Invoke(count);
        if (count < script.Count)
        {
            logits.Clear();
            // So much above the others that a draw at temperature 1 takes it too.
            logits[script[count]] = 100;
        }
    }
}
