namespace Mistral.Ilgpu.Tests.Generation.Simulation;

/// <summary>How a text is read.</summary>
internal enum Reading
{
    Never,
    Fast,
    Slow,
}
