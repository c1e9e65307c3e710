namespace Mistral.Ilgpu.Execution.Devices;

/// <summary>What some devices can do and others do without.</summary>
[Flags]
internal enum DeviceFeatures
{
    None = 0,

    /// <summary>A kernel of a recorded token begins before the one before has ended: NVIDIA's from sm_90 on.</summary>
    EarlyKernels = 1,

    /// <summary>Prompts are multiplied by warpgroups: sm_90.</summary>
    Warpgroups = 2,
}
