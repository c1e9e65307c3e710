using Mistral.Ilgpu.Server.Answers;

namespace Mistral.Ilgpu.Server.Responses;

/// <summary>Numbers of tokens.</summary>
internal sealed record ResponseUsage(
    int InputTokens, ResponseUsage.InputDetails InputTokensDetails, int OutputTokens,
    ResponseUsage.OutputDetails OutputTokensDetails, int TotalTokens)
{
    public static ResponseUsage Of(Answer answer)
    {
        var text = answer.Generation;
        return new ResponseUsage(
            text.PromptIds.Count, new InputDetails(text.CachedTokens), text.Ids.Count, new OutputDetails(answer.ReasoningTokens),
            text.PromptIds.Count + text.Ids.Count);
    }

    internal sealed record InputDetails(int CachedTokens);

    internal sealed record OutputDetails(int ReasoningTokens);
}
