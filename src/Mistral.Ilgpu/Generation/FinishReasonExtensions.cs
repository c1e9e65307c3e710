namespace Mistral.Ilgpu.Generation;

/// <summary>The names of reasons, in results and in telemetry.</summary>
internal static class FinishReasonExtensions
{
    public static string Name(this FinishReason reason) => reason switch
    {
        FinishReason.Stop => "stop",
        FinishReason.Length => "length",
        FinishReason.Deadline => "deadline",
        _ => "cancelled",
    };
}
