#!/bin/bash
# Makes the keystores of this folder anew, with invented people and throw-away keys: ./make.sh (needs openssl 3 and a JDK).
set -eu
cd "$(dirname "$0")"
work=$(mktemp -d)
trap 'rm -r "$work"' EXIT
subject="/C=BE/O=Federal Government/OU=eHealth-platform Belgium/OU=SSIN=79021802145/OU=ANNE EXEMPLE/CN=SSIN=79021802145"

ca() { # NAME SUBJECT [ISSUER]
	openssl req -newkey rsa:2048 -nodes -keyout "$work/$1.key" -subj "$2" -out "$work/$1.csr" 2>/dev/null
	if [ $# -gt 2 ]; then by=(-CA "$3.pem" -CAkey "$work/$3.key"); else by=(-signkey "$work/$1.key"); fi
	openssl x509 -req -in "$work/$1.csr" "${by[@]}" -days 7300 -out "$1.pem" -extfile <(echo "basicConstraints=critical,CA:TRUE
keyUsage=keyCertSign,cRLSign") 2>/dev/null
}
leaf() { # NAME ISSUER ISSUER-KEY SERIAL USAGE DAYS
	openssl req -newkey rsa:2048 -nodes -keyout "$work/$1.key" -subj "$subject" -out "$work/$1.csr" 2>/dev/null
	openssl x509 -req -in "$work/$1.csr" -CA "$2.pem" -CAkey "$work/$3.key" -set_serial "$4" -days "$6" -out "$1.pem" -extfile <(echo "keyUsage=$5") 2>/dev/null
}
store() { # FILE NAME KEY OPTIONS…
	openssl pkcs12 -export -name "$2" -inkey "$work/$3.key" -in "$3.pem" -passout pass:secret -out "$1" "${@:4}"
}
merge() { # FROM TO [JAVA-OPTION]
	keytool ${3+"$3"} -importkeystore -noprompt -srckeystore "$1" -srcstoretype PKCS12 -srcstorepass secret \
		-destkeystore "$2" -deststoretype PKCS12 -deststorepass secret 2>/dev/null
}

ca root "/C=BE/O=Test/CN=Root"
ca issuing "/C=BE/O=Test/CN=Issuing" root
leaf auth issuing issuing 4711 digitalSignature,nonRepudiation 7000
leaf old auth auth 1000000000000000001 keyEncipherment,dataEncipherment 6000
sleep 1 # so that the new one is the newer one
leaf new auth auth 223372036854775808 keyEncipherment,dataEncipherment 6000
cat issuing.pem root.pem > "$work/chain.pem"

store openssl.p12 authentication auth -certfile "$work/chain.pem"
store openssl-legacy.p12 authentication auth -certfile "$work/chain.pem" -legacy
store "$work/old.p12" 1000000000000000001 old
store "$work/new.p12" 223372036854775808 new
rm -f java.p12 java-legacy.p12 java-trusted.p12
for f in openssl.p12 "$work/old.p12" "$work/new.p12"; do merge "$f" java.p12; done
merge java.p12 java-legacy.p12 -J-Dkeystore.pkcs12.legacy
cp java.p12 java-trusted.p12
keytool -importcert -noprompt -alias root -file root.pem -keystore java-trusted.p12 -storepass secret 2>/dev/null
