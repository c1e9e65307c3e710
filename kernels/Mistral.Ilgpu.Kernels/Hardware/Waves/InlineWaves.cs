using System.Globalization;
using System.Reflection;
using System.Text.RegularExpressions;
using ILGPU;
using ILGPU.Backends;
using ILGPU.Backends.OpenCL;
using ILGPU.Frontend;
using ILGPU.Frontend.Intrinsic;
using ILGPU.IR;
using ILGPU.IR.Intrinsics;
using ILGPU.IR.Values;

namespace Mistral.Ilgpu.Kernels.Hardware.Waves;

/// <summary>
/// Replaces methods by their bodies for a kind of device (<see cref="BodiesAttribute"/>). Writes shuffles, and the statements of
/// methods with a <see cref="WaveAttribute"/>, into the OpenCL C that ILGPU makes of kernels. ILGPU itself has shuffles for
/// Intel's OpenCL alone.
/// </summary>
internal static partial class InlineWaves
{
    private const string IsForCuda = "Mistral.Ilgpu.IsForCuda";

    /// <summary>Tells ILGPU of shuffles and statements for OpenCL, and which bodies methods have in kernels of a
    /// context.</summary>
    /// <param name="methods">Those with a <see cref="BodiesAttribute"/> or a <see cref="WaveAttribute"/>.</param>
    /// <param name="isForCuda">Whether the context compiles for CUDA; otherwise for OpenCL.</param>
    public static void Register(Context.Builder builder, IEnumerable<MethodInfo> methods, bool isForCuda)
    {
        builder.SetExtensionProperty(IsForCuda, isForCuda);
        if (isForCuda)
        {
            return;
        }

        var manager = builder.GetIntrinsicManager();
        foreach (var element in new[] { BasicValueType.Int32, BasicValueType.Float32 })
        {
            manager.RegisterWarpShuffle(ShuffleKind.Xor, element, Generated(nameof(ShuffleXor)));
            manager.RegisterWarpShuffle(ShuffleKind.Generic, element, Generated(nameof(Shuffle)));
        }

        foreach (var method in methods.Where(method => method.IsDefined(typeof(WaveAttribute))))
        {
            manager.RegisterMethod(method, Generated(nameof(Generate)));
        }
    }

    /// <summary>Tells ILGPU, once in a process, that methods have other bodies.</summary>
    public static void Remap(IEnumerable<MethodInfo> methods)
    {
        foreach (var method in methods)
        {
            if (method.GetCustomAttribute<BodiesAttribute>() is { } bodies)
            {
                var (cuda, openCl) = (BodyOf(method, bodies.Cuda), BodyOf(method, bodies.OpenCl));
                RemappedIntrinsics.AddRemapping(
                    method,
                    (ref InvocationContext context) =>
                        context.Method = context.Properties.GetExtensionProperty(IsForCuda, false) ? cuda : openCl);
            }
        }
    }

    private static MethodInfo BodyOf(MethodInfo method, string? name) => name is null ? method
        : method.DeclaringType!.GetMethod(name, [.. method.GetParameters().Select(parameter => parameter.ParameterType)])
            ?? throw new MissingMethodException(method.DeclaringType.Name, name);

    private static CLIntrinsic Generated(string name) => new(typeof(InlineWaves), name, IntrinsicImplementationMode.GenerateCode);

    private static void ShuffleXor(CLBackend backend, CLCodeGenerator generator, Value value) =>
        WriteShuffle("xor", generator, (WarpShuffle)value);

    private static void Shuffle(CLBackend backend, CLCodeGenerator generator, Value value) =>
        WriteShuffle("lane", generator, (WarpShuffle)value);

    private static void WriteShuffle(string kind, CLCodeGenerator generator, WarpShuffle shuffle)
    {
        string type = shuffle.BasicValueType == BasicValueType.Float32 ? "float" : "int";
        var (from, origin) = (generator.Load(shuffle.Variable), generator.Load(shuffle.Origin));
        var result = generator.Allocate(shuffle);
        generator.Declare(result);
        generator.Builder.AppendLine(
            CultureInfo.InvariantCulture, $"\t{result} = wave_{kind}_{type}({TextOf(from)}, {TextOf(origin)});");
    }

    private static void Generate(CLBackend backend, CLCodeGenerator generator, Value value)
    {
        var call = (MethodCall)value;
        var method = call.Target.Source;
        var arguments = method.GetParameters()
            .ToDictionary(parameter => parameter.Name!, parameter => TextOf(generator.Load(call[parameter.Position])));
        if (!call.Type.IsVoidType)
        {
            var result = generator.Allocate(call);
            generator.Declare(result);
            arguments.Add("result", TextOf(result));
        }

        string statement = Names().Replace(
            method.GetCustomAttribute<WaveAttribute>()!.Statement,
            match => arguments.GetValueOrDefault(match.Value, match.Value));
        generator.Builder.AppendLine(CultureInfo.InvariantCulture, $"\t{statement}");
    }

    private static string TextOf(VariableAllocator.Variable variable) => variable switch
    {
        CLCodeGenerator.ConstantVariable { Value: { BasicValueType: BasicValueType.Float32 } constant } =>
            $"as_float(0x{(uint)constant.RawValue:x8})",
        CLCodeGenerator.ConstantVariable { Value: var constant } =>
            ((int)constant.RawValue).ToString(CultureInfo.InvariantCulture),
        _ => variable.ToString()!,
    };

    [GeneratedRegex(@"\b[a-z]\w*\b", RegexOptions.IgnoreCase)]
    private static partial Regex Names();
}
