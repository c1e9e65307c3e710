using Mistral.Ilgpu.Generation;
using Mistral.Ilgpu.Server.Errors;

namespace Mistral.Ilgpu.Server.Answers;

/// <summary>Why texts ended, as OpenAI's API names it.</summary>
internal static class FinishReasons
{
    /// <exception cref="ApiException">The text was ended by neither its client nor the model.</exception>
    public static string Of(TextGeneration text) => text.FinishReason switch
    {
        FinishReason.Stop => "stop",
        FinishReason.Length => "length",
        FinishReason.Deadline when text.Ids.Count > 0 => "length",
        FinishReason.Deadline => throw new ApiException(
            504, "the time of the request was over before its first token", "timeout", "deadline_exceeded"),
        _ => throw ApiException.Unavailable("the server is stopping"),
    };
}
