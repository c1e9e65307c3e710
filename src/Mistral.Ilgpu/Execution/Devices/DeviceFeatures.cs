namespace Mistral.Ilgpu.Execution.Devices;

/// <summary>Features that only some devices have, and that can be switched off.</summary>
[Flags]
internal enum DeviceFeatures
{
    None = 0,

    /// <summary>A kernel of a recorded token starts before the previous one has ended: NVIDIA, from sm_90 on.</summary>
    EarlyKernels = 1,

    /// <summary>Products and attention of prompts use warpgroup instructions: sm_90.</summary>
    Warpgroups = 2,

    /// <summary>Layers that do not fit are used where the host keeps them, and not copied: CPUs.</summary>
    LayersInPlace = 4,

    /// <summary>Products of prompts by warpgroups bring weights by bulk copies of tiles: sm_90.</summary>
    BulkCopies = 8,

    /// <summary>Attention of prompts does. Without <see cref="Warpgroups"/> it does not either.</summary>
    WarpgroupAttention = 16,

    /// <summary>Decoded tokens attend over caches of eight bits on tensor cores: NVIDIA, from sm_80 on.</summary>
    Int8Attention = 32,
}
