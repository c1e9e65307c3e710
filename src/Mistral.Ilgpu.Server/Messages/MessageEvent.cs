namespace Mistral.Ilgpu.Server.Messages;

/// <summary>An event of a streamed answer.</summary>
internal sealed record MessageEvent(string Type)
{
    public MessageResponse? Message { get; init; }

    public int? Index { get; init; }

    public MessageBlock? ContentBlock { get; init; }

    public MessageDelta? Delta { get; init; }

    public MessageUsage? Usage { get; init; }

    /// <summary>What is new of a block, or of the answer at its end.</summary>
    /// <param name="Type">What it is new of; null at the answer's end.</param>
    internal sealed record MessageDelta(string? Type)
    {
        public string? Text { get; init; }

        public string? Thinking { get; init; }

        public string? PartialJson { get; init; }

        public string? StopReason { get; init; }

        public string? StopSequence { get; init; }
    }
}
