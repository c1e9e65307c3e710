namespace Mistral.Ilgpu.Server.Answers;

/// <summary>What a part of an answer is.</summary>
internal enum BlockKind
{
    /// <summary>The model's reasoning.</summary>
    Reasoning,

    /// <summary>Text.</summary>
    Text,

    /// <summary>A call of a function.</summary>
    Call,
}
