using System.Reflection;
using System.Reflection.Metadata;
using System.Reflection.Metadata.Ecma335;
using System.Runtime.CompilerServices;
using ICSharpCode.Decompiler;
using ICSharpCode.Decompiler.Disassembler;
using ICSharpCode.Decompiler.Metadata;
using Mistral.Ilgpu.Kernels;

namespace Mistral.Ilgpu.Cli.Output;

/// <summary>
/// What the CPU accelerator runs: ILGPU calls the kernel's own method there, so this is the C# compiler's code of the kernel and
/// of the types that it is made with.
/// </summary>
internal static class KernelIl
{
    /// <exception cref="UsageException">The kernels are not a file, as in a program that was published as one.</exception>
    public static string Disassemble(KernelForm form)
    {
        string location = typeof(KernelEntry).Assembly.Location;
        if (location.Length == 0)
        {
            throw new UsageException(
                "--emit il: found the kernels inside a single file, expected their assembly beside the program");
        }

        using var file = new PEFile(location);
        var output = new PlainTextOutput();
        var disassembler = new ReflectionDisassembler(output, CancellationToken.None);
        foreach (var type in Types(form.Kernel).Distinct())
        {
            output.WriteLine($"// {type}");
            foreach (var method in Written(type))
            {
                disassembler.DisassembleMethod(file, (MethodDefinitionHandle)MetadataTokens.EntityHandle(method.MetadataToken));
                output.WriteLine();
            }
        }

        return output.ToString();
    }

    // Without what the compiler adds to a record.
    private static IEnumerable<MethodInfo> Written(Type type) => type
        .GetMethods(
            BindingFlags.DeclaredOnly | BindingFlags.Instance | BindingFlags.Static | BindingFlags.Public
                | BindingFlags.NonPublic)
        .Where(method => !method.IsDefined(typeof(CompilerGeneratedAttribute), inherit: false));

    // The definition of the kernel, and those of its arguments that are ours.
    private static IEnumerable<Type> Types(Type type) => type.Assembly == typeof(KernelEntry).Assembly
        ? [type.IsGenericType ? type.GetGenericTypeDefinition() : type, .. type.GetGenericArguments().SelectMany(Types)]
        : [];
}
