namespace Mistral.Ilgpu.Tests.Generation.Simulation;

/// <summary>How a reader or another thread ends a text before its time.</summary>
internal enum Ending
{
    None,
    AtOnce,
    ByAnotherThread,
    ByToken,
    ByReadersToken,
    ByLeaving,
    ByReader,
    ByProcessor,
}
