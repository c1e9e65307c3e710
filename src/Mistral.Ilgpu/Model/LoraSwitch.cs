using ILGPU.Runtime;
using Mistral.Ilgpu.Checkpoints.Lora;
using Mistral.Ilgpu.Execution.Buffers;
using Mistral.Ilgpu.Kernels;

namespace Mistral.Ilgpu.Model;

/// <summary>An adapter on the device, which can be switched on and off between passes.</summary>
internal sealed class LoraSwitch(string name)
{
    public string Name { get; } = name;

    public bool IsOn { get; set; } = true;
}
