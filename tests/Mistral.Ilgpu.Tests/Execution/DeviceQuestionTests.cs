using Mistral.Ilgpu.Execution.Devices;
using Mono.Cecil;
using Mono.Cecil.Cil;
using Xunit;

namespace Mistral.Ilgpu.Tests.Execution;

/// <summary>Only families, and the code that finds and opens devices, depend on the kind of a device.</summary>
public sealed class DeviceQuestionTests
{
    private static readonly string[] Questions =
    [
        nameof(DeviceInfo.Kind), nameof(DeviceInfo.IsGpu), nameof(DeviceInfo.CudaArchitecture), nameof(DeviceInfo.HasLongVectors),
    ];

    // Compilation needs to know in which language an accelerator takes kernels.
    private static readonly string[] MayAsk =
    [
        "Mistral.Ilgpu.Execution.Families", "Mistral.Ilgpu.Execution.Devices", "Mistral.Ilgpu.Execution.Compilation",
    ];

    [Theory]
    [InlineData("Mistral.Ilgpu")]
    [InlineData("Mistral.Ilgpu.Diagnostics")]
    public void KindOfADevice_InAnAssembly_IsAskedByFamiliesAndDevicesAlone(string assembly)
    {
        using var module = ModuleDefinition.ReadModule(Path.Combine(AppContext.BaseDirectory, assembly + ".dll"));
        var asking = module.GetTypes().Where(type => !MayAsk.Contains(Outermost(type).Namespace))
            .SelectMany(type => type.Methods).Where(method => method.HasBody && method.Body.Instructions.Any(Asks));
        Assert.Empty(asking.Select(method => method.FullName));
    }

    // A test that finds none would prove nothing.
    [Fact]
    public void KindOfADevice_InFamilies_IsAsked()
    {
        using var module = ModuleDefinition.ReadModule(typeof(ComputeDevice).Assembly.Location);
        Assert.Contains(
            module.GetTypes().Where(type => Outermost(type).Namespace == MayAsk[0]).SelectMany(type => type.Methods),
            method => method.HasBody && method.Body.Instructions.Any(Asks));
    }

    private static bool Asks(Instruction instruction) =>
        instruction.Operand switch
        {
            MethodReference { DeclaringType.Name: nameof(DeviceInfo), Name: var name } =>
                Questions.Any(question => name == $"get_{question}"),
            TypeReference { Namespace: "ILGPU.Runtime.Cuda" or "ILGPU.Runtime.OpenCL" or "ILGPU.Runtime.CPU", Name: var name } =>
                instruction.OpCode == OpCodes.Isinst
                    && (name.EndsWith("Accelerator", StringComparison.Ordinal) || name.EndsWith("Stream", StringComparison.Ordinal)),
            _ => false,
        };

    private static TypeDefinition Outermost(TypeDefinition type) => type.DeclaringType is { } outer ? Outermost(outer) : type;
}
