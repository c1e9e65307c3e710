namespace Mistral.Ilgpu.Generation;

/// <summary>Changes the logits of one text before a token is chosen from them, after bias and penalties and before the filters
/// of <see cref="SamplingOptions"/>. It is called on the engine's thread, so it holds up all texts while it runs. What it throws
/// fails its text alone. It may not wait for a text or for the engine, which wait for it.</summary>
public interface ILogitProcessor
{
    /// <summary>Changes logits in place; −∞ forbids a token.</summary>
    /// <param name="ids">The prompt and the tokens chosen so far.</param>
    /// <param name="promptLength">How many of them are the prompt.</param>
    /// <param name="logits">One for each token of the vocabulary.</param>
    void Process(ReadOnlySpan<int> ids, int promptLength, Span<float> logits);
}
