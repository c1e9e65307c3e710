namespace Mistral.Ilgpu.Server.Answers;

/// <summary>Is told of an answer's blocks while they are made.</summary>
internal interface IBlockSink
{
    void Begin(AnswerBlock block);

    /// <param name="logprobs">The log-probabilities of the text's tokens, see <see cref="AnswerBlock.Logprobs"/>.</param>
    void Add(AnswerBlock block, string text, IReadOnlyList<TokenLogprob> logprobs);

    void End(AnswerBlock block);
}
