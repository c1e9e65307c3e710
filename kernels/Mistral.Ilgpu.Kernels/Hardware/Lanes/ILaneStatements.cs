namespace Mistral.Ilgpu.Kernels.Hardware.Lanes;

/// <summary>Marks a struct of which methods have an <see cref="OpenClAttribute"/>, such as a format that says how lanes of it are
/// loaded.</summary>
public interface ILaneStatements;
