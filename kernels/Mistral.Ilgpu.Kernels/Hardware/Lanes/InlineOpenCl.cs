using System.Globalization;
using System.Reflection;
using System.Runtime.CompilerServices;
using System.Text.RegularExpressions;
using ILGPU;
using ILGPU.Backends;
using ILGPU.Backends.OpenCL;
using ILGPU.IR;
using ILGPU.IR.Intrinsics;
using ILGPU.IR.Types;
using ILGPU.IR.Values;

namespace Mistral.Ilgpu.Kernels.Hardware.Lanes;

/// <summary>Writes the statements of methods with an <see cref="OpenClAttribute"/> into the OpenCL C that ILGPU makes of
/// kernels.</summary>
public static partial class InlineOpenCl
{
    // Vectors that need no alignment beyond their elements', and what has no operator: products of neighbouring bytes and shorts.
    // Where the compiler is not told to use instructions for them, the same is spelled out. PoCL's own prefetch does nothing, so
    // a compiler for the processor itself gets its own; one that makes SPIR-V first may have none.
    private static readonly string Prelude = $"""
        #ifndef LANES
        #define UNEVEN_LOWER {UnevenValues.Lower}UL
        #define UNEVEN_UPPER {UnevenValues.Upper}UL
        #define UNEVEN as_int4((ulong2)(UNEVEN_LOWER, UNEVEN_UPPER))
        #define LANES \
          typedef int lanes_int __attribute__((ext_vector_type(16), aligned(4))); \
          typedef float lanes_float __attribute__((ext_vector_type(16), aligned(4))); \
          typedef ushort lanes_ushort __attribute__((ext_vector_type(16), aligned(2))); \
          typedef char lanes_sbyte __attribute__((ext_vector_type(16), aligned(1))); \
          typedef int lanes_quads __attribute__((ext_vector_type(4), aligned(4))); \
          typedef int lanes_pairs __attribute__((ext_vector_type(8), aligned(4))); \
          typedef short lanes_shorts __attribute__((ext_vector_type(32))); \
          LANES_NATIVE
        #if defined(__AVX512BW__)
        #define LANES_NATIVE typedef char native_bytes __attribute__((vector_size(64))); typedef short native_shorts __attribute__((vector_size(64)));
        #define multiply_bytes(w, x) __builtin_astype(__builtin_ia32_pmaddubsw512(__builtin_astype(w, native_bytes), __builtin_astype(x, native_bytes)), lanes_shorts)
        #define multiply_shorts(w, x) __builtin_astype(__builtin_ia32_pmaddwd512(__builtin_astype(w, native_shorts), __builtin_astype(x, native_shorts)), int16)
        #define uneven_values(w) \
          __builtin_astype(__builtin_ia32_pshufb512(__builtin_astype((int16)(UNEVEN, UNEVEN, UNEVEN, UNEVEN), native_bytes), __builtin_astype(w, native_bytes)), int16)
        #elif defined(__AVX2__)
        #define LANES_NATIVE typedef char native_bytes __attribute__((vector_size(32))); typedef short native_shorts __attribute__((vector_size(32)));
        #define multiply_bytes_of(w, x, part) \
          __builtin_astype(__builtin_ia32_pmaddubsw256(__builtin_astype((w).part, native_bytes), __builtin_astype((x).part, native_bytes)), int8)
        #define multiply_bytes(w, x) __builtin_astype((int16)(multiply_bytes_of(w, x, lo), multiply_bytes_of(w, x, hi)), lanes_shorts)
        #define multiply_shorts_of(w, x, part) \
          __builtin_astype(__builtin_ia32_pmaddwd256(__builtin_astype((w).part, native_shorts), __builtin_astype((x).part, native_shorts)), int8)
        #define multiply_shorts(w, x) (int16)(multiply_shorts_of(w, x, lo), multiply_shorts_of(w, x, hi))
        #define uneven_values_of(w, part) \
          __builtin_astype(__builtin_ia32_pshufb256(__builtin_astype((int8)(UNEVEN, UNEVEN), native_bytes), __builtin_astype((w).part, native_bytes)), int8)
        #define uneven_values(w) (int16)(uneven_values_of(w, lo), uneven_values_of(w, hi))
        #else
        #define LANES_NATIVE
        #define byte_product(w, x, i) ((((w) >> (8 * i)) & 255) * (((x) << (24 - 8 * i)) >> 24))
        #define multiply_bytes(w, x) __builtin_astype( \
          ((byte_product(w, x, 0) + byte_product(w, x, 1)) & 65535) | ((byte_product(w, x, 2) + byte_product(w, x, 3)) << 16), lanes_shorts)
        #define multiply_shorts(w, x) (((((w) << 16) >> 16) * (((x) << 16) >> 16)) + (((w) >> 16) * ((x) >> 16)))
        #define uneven_value(w, i) (convert_int16((select((ulong16)(UNEVEN_UPPER), (ulong16)(UNEVEN_LOWER), convert_ulong16(((w) >> (8 * i) & 15) < 8)) \
          >> convert_ulong16(8 * ((w) >> (8 * i) & 7))) & (ulong)255) << (8 * i))
        #define uneven_values(w) (uneven_value(w, 0) | uneven_value(w, 1) | uneven_value(w, 2) | uneven_value(w, 3))
        #endif
        #if defined(__clang__)
        #define load_acquire(address) __atomic_load_n(address, __ATOMIC_ACQUIRE)
        #else
        #define load_acquire(address) atomic_add(address, 0)
        #endif
        #if defined(__clang__) && (defined(__x86_64__) || defined(__aarch64__))
        #define prefetch_at(address) __builtin_prefetch((const void*)(address))
        #else
        #define prefetch_at(address) prefetch((const global uchar*)(address), 1)
        #endif
        #if defined(__F16C__)
        #define from_halves(h) __builtin_convertvector(__builtin_astype(h, _Float16 __attribute__((ext_vector_type(16)))), float16)
        #else
        #define from_halves(h) (as_float16((((convert_int16(h)) << 16) >> 3) & (int)0x8fffe000) * 5.192296858534828e33f)
        #endif
        #if defined(__FMA__)
        #define multiply_add(a, b, c) fma(a, b, c)
        #else
        #define multiply_add(a, b, c) ((a) * (b) + (c))
        #endif
        #endif
        """;

    private static readonly ConditionalWeakTable<CLCodeGenerator, object> Defined = [];

    /// <summary>Tells ILGPU of every method of types that has a statement.</summary>
    internal static void Register(Context.Builder builder, IEnumerable<Type> types)
    {
        var manager = builder.GetIntrinsicManager();
        var methods = types.SelectMany(type => type.GetMethods()).Where(method => method.IsDefined(typeof(OpenClAttribute)));
        foreach (var method in methods)
        {
            manager.RegisterMethod(
                method, new CLIntrinsic(typeof(InlineOpenCl), nameof(Generate), IntrinsicImplementationMode.GenerateCode));
        }
    }

    private static void Generate(CLBackend backend, CLCodeGenerator generator, Value value)
    {
        var call = (MethodCall)value;
        var method = call.Target.Source;
        var arguments = new Dictionary<string, string>();
        foreach (var parameter in method.GetParameters())
        {
            var variable = generator.Load(call[parameter.Position]);
            string name = parameter.Name!;
            arguments.Add(name, Argument(parameter.ParameterType, call[parameter.Position], variable));
            arguments.Add($"{name}_at", variable.ToString()!);
        }

        if (!call.Type.IsVoidType)
        {
            var result = generator.Allocate(call);
            generator.Declare(result);
            arguments.Add("result", result.ToString()!);
        }

        string statement = Names().Replace(
            method.GetCustomAttribute<OpenClAttribute>()!.Statement,
            match => arguments.GetValueOrDefault(match.Value, match.Value));
        if (Defined.TryAdd(generator, Prelude))
        {
            generator.Builder.AppendLine().AppendLine(Prelude);
        }

        generator.Builder.AppendLine(CultureInfo.InvariantCulture, $"\t{{ LANES {statement} }}");
    }

    private static string Argument(Type type, Value value, VariableAllocator.Variable variable)
    {
        if (!type.IsByRef)
        {
            return variable is CLCodeGenerator.ConstantVariable constant ? Literal(type, constant.Value) : variable.ToString()!;
        }

        string space = ((AddressSpaceType)value.Type).AddressSpace switch
        {
            MemoryAddressSpace.Global => "global",
            MemoryAddressSpace.Local => "private",
            MemoryAddressSpace.Shared => "local",
            var other => throw new NotSupportedException($"lanes in the address space {other}, expected global, local or shared"),
        };
        string element = type.GetElementType()! switch
        {
            var t when t == typeof(int) => "int",
            var t when t == typeof(float) => "float",
            var t when t == typeof(ushort) => "ushort",
            var t when t == typeof(sbyte) => "sbyte",
            // The same bits.
            var t when t == typeof(byte) => "sbyte",
            var t => throw new NotSupportedException($"lanes of {t.Name}"),
        };
        return $"(*({space} lanes_{element}*){variable})";
    }

    private static string Literal(Type type, PrimitiveValue constant) => type == typeof(float)
        ? $"as_float(0x{(uint)constant.RawValue:x8})"
        : ((int)constant.RawValue).ToString(CultureInfo.InvariantCulture);

    [GeneratedRegex(@"\b[a-z]\w*\b", RegexOptions.IgnoreCase)]
    private static partial Regex Names();
}
